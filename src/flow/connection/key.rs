//! What others may know of a connection's keys, and the secret by which it is tried out once.

use serde_json::{Value, json};

use super::{by_id, secrets};
use crate::domain::client_key::ClientKey;
use crate::domain::connection::{ClientAuth, Connection};
use crate::domain::event::Happened;
use crate::domain::id::ConnectionId;
use crate::domain::seal::Seal;
use crate::domain::secret::{SecretHash, draw};
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store;

/// How long a connection may be tried out, in seconds.
pub const TRIAL_S: i64 = 600;

/// The public halves of our keys at a provider, the present one first (RFC 7517).
///
/// # Errors
/// 404 where the provider knows us by a secret; 500 when no key opens what is sealed.
pub fn public_keys(seal: &Seal, connection: &Connection) -> Result<Value, Problem> {
    if connection.settings.oidc.auth != ClientAuth::PrivateKeyJwt {
        return Err(Problem::not_found("key"));
    }
    let secrets = secrets(seal, connection)?;
    let mut keys = Vec::new();
    for pem in std::iter::once(&secrets.client_secret).chain(&secrets.next) {
        let key = ClientKey::parse(pem).map_err(Problem::internal)?;
        keys.push(serde_json::to_value(key.public()).map_err(Problem::internal)?);
    }
    Ok(json!({"keys": keys}))
}

/// Lets one browser try the connection out; answers the secret that it brings.
///
/// # Errors
/// 404.
pub async fn begin_trial(work: &mut Work, id: ConnectionId) -> Result<String, Problem> {
    let found = by_id(work, id).await?;
    let (secret, until) = (draw(work.rng), work.at.plus_s(TRIAL_S));
    let hash = SecretHash::of(secret.as_bytes());
    store::connection::set_trial(&mut work.scope(), id, (hash, until)).await?;
    work.record(Happened::to("connection.tested", "connection", id).named(&found.name));
    Ok(secret)
}

/// Uses the secret of a trial up; answers whether it was right and in time.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn test_secret(
    work: &mut Work,
    id: ConnectionId,
    secret: SecretHash,
) -> Result<bool, Problem> {
    let at = work.at;
    Ok(store::connection::use_trial(&mut work.scope(), id, (secret, at)).await?)
}
