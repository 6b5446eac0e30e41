//! The fields of a connection, as they were sent and as they may be.
//!
//! A new connection is a change over an empty one, so that every rule is written once.

use std::collections::BTreeMap;

use super::Checking;
use super::saml::SamlSent;
use crate::domain::connection::{
    CLAIMS_MAX, ClientAuth, Connection, DOMAINS_MAX, GOOGLE, LEEWAY_MAX_S, LEEWAY_S, Link,
    NAME_MAX, OPENID, Oidc, Provider, SCOPES_MAX, ScimKey, Secrets, Settings, Status, TEXT_MAX,
};
use crate::domain::id::{DirectoryId, DomainId};
use crate::domain::saml::Saml;
use crate::domain::time::Timestamp;
use crate::flow::fields::Fields;
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store;

/// What was sent; what is `None` was not, and stays.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// What people call it.
    pub name: Option<String>,
    /// `draft`, `active` or `disabled`.
    pub status: Option<String>,
    /// `entra`, `okta`, `google` or `generic`.
    pub provider: Option<String>,
    /// The directory whose users it signs in; `Some(None)` for none.
    pub directory_id: Option<Option<String>>,
    /// How a subject finds its user.
    pub link: Option<LinkSent>,
    /// Domains that it may vouch for.
    pub domains: Option<Vec<String>>,
    /// Which claim holds what we know under a name of ours.
    pub claims: Option<BTreeMap<String, String>>,
    /// Whether guests of the provider's tenant may sign in.
    pub guests_allowed: Option<bool>,
    /// The tenant that a token must name.
    pub tenant_id: Option<Option<String>>,
    /// The OpenID provider.
    pub oidc: Option<OidcSent>,
    /// The SAML provider.
    pub saml: Option<SamlSent>,
}

/// How a subject finds its user, as it was sent.
#[derive(Clone, Debug, Default)]
pub struct LinkSent {
    /// The claim.
    pub claim: Option<String>,
    /// `external_id`, `user_name` or `id`.
    pub scim: Option<String>,
}

/// The OpenID provider, as it was sent.
#[derive(Clone, Debug, Default)]
pub struct OidcSent {
    /// The issuer.
    pub issuer: Option<String>,
    /// Our name there.
    pub client_id: Option<String>,
    /// Our secret there.
    pub client_secret: Option<String>,
    /// The secret to come; `Some(None)` for none.
    pub next_client_secret: Option<Option<String>>,
    /// `basic` or `post`.
    pub auth: Option<String>,
    /// What is asked for.
    pub scopes: Option<Vec<String>>,
    /// When the provider forgets the secret; `Some(None)` for never.
    pub secret_expires_at: Option<Option<String>>,
    /// Leeway on the times of a token, in seconds.
    pub leeway_s: Option<i64>,
}

/// Checks a new connection.
pub(super) async fn new(work: &mut Work, sent: &Sent) -> Result<(Connection, Secrets), Problem> {
    let provider = sent.provider.as_deref().and_then(Provider::parse);
    let saml = sent.saml.is_some();
    let link = if saml { Link::of_saml() } else { Link::of(provider.unwrap_or(Provider::Generic)) };
    let empty = Connection {
        id: work.id(),
        organization_id: work.organization,
        name: String::new(),
        status: Status::Active,
        provider: provider.unwrap_or(Provider::Generic),
        directory_id: None,
        settings: Settings {
            link,
            claims: BTreeMap::new(),
            guests_allowed: false,
            tenant_id: None,
            oidc: Oidc {
                issuer: String::new(),
                client_id: String::new(),
                auth: ClientAuth::Basic,
                scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
                secret_expires_at: None,
                leeway_s: LEEWAY_S,
            },
            saml: saml.then(Saml::default),
        },
        secret: None,
        domains: Vec::new(),
        version: 1,
        created_at: work.at,
        updated_at: work.at,
    };
    let mut sent = sent.clone();
    if sent.directory_id.is_none() {
        sent.directory_id = only_directory(work).await?.map(|id| Some(id.to_string()));
    }
    // What cannot be left out is checked as if it had been sent empty.
    sent.name.get_or_insert_default();
    if !saml {
        let oidc = sent.oidc.get_or_insert_default();
        oidc.issuer.get_or_insert_default();
        oidc.client_id.get_or_insert_default();
        oidc.client_secret.get_or_insert_default();
    }
    over(work, (empty, Secrets { client_secret: String::new(), next: None }), &sent).await
}

/// The organization's directory, when it has one only.
async fn only_directory(work: &mut Work) -> Result<Option<DirectoryId>, Problem> {
    let start = (Timestamp(i64::MIN), DirectoryId(uuid::Uuid::nil()));
    let found = store::directory::page(&mut work.scope(), start, 2).await?;
    Ok(match found.as_slice() {
        [one] => Some(one.id),
        _ => None,
    })
}

/// Checks what was sent and puts it over what is there.
pub(super) async fn over(
    work: &mut Work,
    (mut connection, mut secrets): (Connection, Secrets),
    sent: &Sent,
) -> Result<(Connection, Secrets), Problem> {
    let mut checking = Checking { work, fields: Fields::new() };
    checking.plain(&mut connection, sent);
    checking.link(&mut connection.settings.link, sent.link.as_ref());
    checking.directory(&mut connection, sent).await?;
    checking.domains(&mut connection, sent).await?;
    if let Some(oidc) = &sent.oidc {
        checking.oidc(&mut connection.settings.oidc, oidc);
        checking.secrets(&mut secrets, oidc);
    }
    kinds(&mut checking, &mut connection, sent);
    checking.tenant(&connection);
    checking.fields.done()?;
    Ok((connection, secrets))
}

/// What belongs to the one kind of provider is not sent to the other.
fn kinds(checking: &mut Checking<'_>, connection: &mut Connection, sent: &Sent) {
    match (&mut connection.settings.saml, &sent.saml) {
        (Some(saml), Some(sent)) => checking.saml(saml, sent),
        (None, Some(_)) => {
            checking.fields.wrong("/saml", "value", "This connection speaks OpenID Connect.");
        }
        (_, None) => {}
    }
    if connection.settings.saml.is_some() && sent.oidc.is_some() {
        checking.fields.wrong("/oidc", "value", "This connection speaks SAML.");
    }
}

impl Checking<'_> {
    fn plain(&mut self, connection: &mut Connection, sent: &Sent) {
        let fields = &mut self.fields;
        if let Some(name) = &sent.name {
            fields.text("/name", name, NAME_MAX);
            connection.name.clone_from(name);
        }
        if let Some(text) = &sent.status {
            let detail = "status is `draft`, `active` or `disabled`.";
            let status = fields.found(Status::parse(text), "/status", "value", detail);
            connection.status = status.unwrap_or(connection.status);
        }
        if let Some(text) = &sent.provider {
            let detail = "provider is `entra`, `okta`, `google` or `generic`.";
            let provider = fields.found(Provider::parse(text), "/provider", "value", detail);
            connection.provider = provider.unwrap_or(connection.provider);
        }
        if let Some(claims) = &sent.claims {
            if claims.len() > CLAIMS_MAX {
                fields.wrong("/claims", "length", format!("At most {CLAIMS_MAX} claims."));
            }
            for (name, claim) in claims.iter().take(CLAIMS_MAX) {
                let saml = connection.settings.saml.is_some();
                if name != "email" && !(saml && name == "subject") {
                    let detail = "Only `email` is known, and `subject` for SAML.";
                    fields.wrong("/claims", "not-offered", detail);
                }
                word(fields, &format!("/claims/{}", escaped(name)), claim);
            }
            connection.settings.claims.clone_from(claims);
        }
        if let Some(allowed) = sent.guests_allowed {
            connection.settings.guests_allowed = allowed;
        }
        if let Some(tenant) = &sent.tenant_id {
            if let Some(tenant) = tenant {
                word(fields, "/tenant_id", tenant);
            }
            connection.settings.tenant_id.clone_from(tenant);
        }
    }

    fn link(&mut self, link: &mut Link, sent: Option<&LinkSent>) {
        let Some(sent) = sent else { return };
        if let Some(claim) = &sent.claim {
            word(&mut self.fields, "/link/claim", claim);
            link.claim.clone_from(claim);
        }
        if let Some(text) = &sent.scim {
            let detail = "scim is `external_id`, `user_name` or `id`.";
            let key = self.fields.found(ScimKey::parse(text), "/link/scim", "value", detail);
            link.scim = key.unwrap_or(link.scim);
        }
    }

    async fn directory(&mut self, of: &mut Connection, sent: &Sent) -> Result<(), Problem> {
        let Some(sent) = &sent.directory_id else { return Ok(()) };
        let Some(text) = sent else {
            of.directory_id = None;
            return Ok(());
        };
        let found = match DirectoryId::parse(text) {
            Ok(id) => store::directory::by_id(&mut self.work.scope(), id).await?,
            Err(_) => None,
        };
        let detail = "This is not the id of a directory of this organization.";
        let found = self.fields.found(found, "/directory_id", "unknown", detail);
        of.directory_id = found.map(|directory| directory.id);
        Ok(())
    }

    async fn domains(&mut self, of: &mut Connection, sent: &Sent) -> Result<(), Problem> {
        let Some(listed) = &sent.domains else { return Ok(()) };
        if listed.len() > DOMAINS_MAX {
            let detail = format!("A connection lists at most {DOMAINS_MAX} domains.");
            self.fields.wrong("/domains", "length", detail);
            return Ok(());
        }
        of.domains.clear();
        for (at, text) in listed.iter().enumerate() {
            let found = match DomainId::parse(text) {
                Ok(id) => store::domain::by_id(&mut self.work.scope(), id).await?,
                Err(_) => None,
            };
            let (pointer, detail) =
                (format!("/domains/{at}"), "This is not the id of a domain of this organization.");
            let found = self.fields.found(found, &pointer, "unknown", detail);
            let new = found.map(|domain| domain.id).filter(|id| !of.domains.contains(id));
            of.domains.extend(new);
        }
        of.domains.sort_unstable();
        Ok(())
    }

    fn oidc(&mut self, oidc: &mut Oidc, sent: &OidcSent) {
        let fields = &mut self.fields;
        if let Some(issuer) = &sent.issuer {
            word(fields, "/oidc/issuer", issuer);
            oidc.issuer.clone_from(issuer);
        }
        if let Some(client_id) = &sent.client_id {
            word(fields, "/oidc/client_id", client_id);
            oidc.client_id.clone_from(client_id);
        }
        match sent.auth.as_deref() {
            None => {}
            Some("private_key_jwt") => {
                let detail = "`private_key_jwt` is not offered yet: use `basic` or `post`.";
                fields.wrong("/oidc/auth", "not-offered", detail);
            }
            Some(text) => {
                let detail = "auth is `basic` or `post`.";
                let auth = fields.found(ClientAuth::parse(text), "/oidc/auth", "value", detail);
                oidc.auth = auth.unwrap_or(oidc.auth);
            }
        }
        if let Some(scopes) = &sent.scopes {
            if scopes.len() > SCOPES_MAX {
                fields.wrong("/oidc/scopes", "length", format!("At most {SCOPES_MAX} scopes."));
            }
            for (at, scope) in scopes.iter().take(SCOPES_MAX).enumerate() {
                word(fields, &format!("/oidc/scopes/{at}"), scope);
            }
            // Without `openid` there is no ID token.
            let rest = scopes.iter().filter(|scope| *scope != OPENID).cloned();
            oidc.scopes = std::iter::once(OPENID.to_owned()).chain(rest).collect();
        }
        if let Some(text) = &sent.secret_expires_at {
            let detail = "Send an instant as RFC 3339.";
            oidc.secret_expires_at = text
                .as_deref()
                .and_then(|text| {
                    let at = Timestamp::parse(text);
                    fields.found(at, "/oidc/secret_expires_at", "value", detail)
                })
                .map(|at| at.0);
        }
        if let Some(leeway_s) = sent.leeway_s {
            fields.range("/oidc/leeway_s", leeway_s, 0, LEEWAY_MAX_S);
            oidc.leeway_s = leeway_s;
        }
    }

    fn secrets(&mut self, secrets: &mut Secrets, sent: &OidcSent) {
        if let Some(secret) = &sent.client_secret {
            word(&mut self.fields, "/oidc/client_secret", secret);
            secrets.client_secret.clone_from(secret);
        }
        if let Some(next) = &sent.next_client_secret {
            if let Some(next) = next {
                word(&mut self.fields, "/oidc/next_client_secret", next);
            }
            secrets.next.clone_from(next);
        }
    }

    /// Google's issuer serves every tenant: without a pinned one anybody could sign in (W1).
    fn tenant(&mut self, connection: &Connection) {
        if connection.settings.saml.is_some() {
            return;
        }
        let google =
            connection.provider == Provider::Google || connection.settings.oidc.issuer == GOOGLE;
        if google && connection.settings.tenant_id.is_none() {
            let detail = "Google needs your Workspace domain here: it is compared with `hd`.";
            self.fields.wrong("/tenant_id", "required", detail);
        }
    }
}

/// Checks a text for machines: visible ASCII, 1 to [`TEXT_MAX`] letters.
pub(super) fn word(fields: &mut Fields, pointer: &str, text: &str) {
    if !(1..=TEXT_MAX).contains(&text.len()) {
        fields.wrong(pointer, "length", format!("This has 1 to {TEXT_MAX} characters."));
    } else if !text.bytes().all(|b| b.is_ascii_graphic()) {
        fields.wrong(pointer, "value", "This holds visible ASCII characters only, no spaces.");
    }
}

/// A key as a part of a JSON Pointer.
fn escaped(key: &str) -> String {
    key.chars().take(TEXT_MAX).collect::<String>().replace('~', "~0").replace('/', "~1")
}
