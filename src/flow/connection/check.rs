//! The fields of a connection, as they were sent and as they may be.
//!
//! A new connection is a change over an empty one, so that every rule is written once.

use std::collections::BTreeMap;

use super::Checking;
use super::saml;
use super::sent::{LinkSent, OidcSent, Sent};
use crate::domain::access::grant::spread;
use crate::domain::client_key::ClientKey;
use crate::domain::connection::{
    AssertionAudience, CLAIMS_MAX, ClientAuth, Connection, DOMAINS_MAX, GOOGLE, Jit, KNOWN_CLAIMS,
    LEEWAY_MAX_S, LEEWAY_S, Link, NAME_MAX, OPENID, Oidc, Provider, RULE_CLAIMS_MAX, SCOPES_MAX,
    ScimKey, Secrets, Settings, Status, TEXT_MAX, TRACE_MAX_S, is_tenant, serves_many,
};
use crate::domain::id::{DirectoryId, DomainId};
use crate::domain::saml::Saml;
use crate::domain::time::Timestamp;
use crate::flow::access;
use crate::flow::fields::Fields;
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store;

/// Longest name of a claim in rules, in characters.
const CLAIM_NAME_MAX: usize = 64;

/// Checks a new connection.
pub(super) async fn new(work: &mut Work, sent: &Sent) -> Result<(Connection, Secrets), Problem> {
    let provider = sent.provider.as_deref().and_then(Provider::parse);
    let speaks_saml = sent.saml.is_some();
    let link =
        if speaks_saml { Link::of_saml() } else { Link::of(provider.unwrap_or(Provider::Generic)) };
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
            jit: Jit::default(),
            rule_claims: Vec::new(),
            trace_until: None,
            oidc: Oidc {
                issuer: String::new(),
                client_id: String::new(),
                auth: ClientAuth::Basic,
                scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
                secret_expires_at: None,
                leeway_s: LEEWAY_S,
                assertion_audience: AssertionAudience::TokenEndpoint,
            },
            saml: speaks_saml.then(Saml::default),
        },
        secret: None,
        domains: Vec::new(),
        keys_host: None,
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
    if !speaks_saml {
        let oidc = sent.oidc.get_or_insert_default();
        oidc.issuer.get_or_insert_default();
        oidc.client_id.get_or_insert_default();
        // We make a key of our own where the provider knows us by one and none is sent.
        if oidc.auth.as_deref() != Some(ClientAuth::PrivateKeyJwt.as_str()) {
            oidc.client_secret.get_or_insert_default();
        }
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
    let (mut checking, auth) =
        (Checking { work, fields: Fields::new() }, connection.settings.oidc.auth);
    checking.plain(&mut connection, sent);
    checking.claims(&mut connection, sent);
    checking.jit(&mut connection, sent).await?;
    checking.link(&mut connection.settings.link, sent.link.as_ref());
    checking.directory(&mut connection, sent).await?;
    checking.domains(&mut connection, sent).await?;
    if let Some(oidc) = &sent.oidc {
        checking.oidc(&mut connection.settings.oidc, oidc);
        checking.secrets(&mut secrets, oidc, (auth, connection.settings.oidc.auth));
    }
    saml::kinds(&mut checking, &mut connection, sent);
    checking.tenant(&connection);
    checking.fields.done()?;
    Ok((connection, secrets))
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

    /// Which claims are read, and under which names rules and we know them.
    fn claims(&mut self, connection: &mut Connection, sent: &Sent) {
        let (fields, settings) = (&mut self.fields, &mut connection.settings);
        if let Some(names) = &sent.rule_claims {
            if names.len() > RULE_CLAIMS_MAX {
                let detail = format!("Rules read at most {RULE_CLAIMS_MAX} claims.");
                fields.wrong("/rule_claims", "length", detail);
            }
            for (at, name) in names.iter().take(RULE_CLAIMS_MAX).enumerate() {
                let pointer = format!("/rule_claims/{at}");
                if !is_claim_name(name) {
                    let detail = "A name has 1 to 64 of A-Z, a-z, 0-9, - and _, a letter first.";
                    fields.wrong(&pointer, "value", detail);
                } else if names.iter().take(at).any(|other| other == name) {
                    fields.wrong(&pointer, "twice", "This claim is named twice.");
                }
            }
            settings.rule_claims.clone_from(names);
        }
        if let Some(claims) = &sent.claims {
            if claims.len() > CLAIMS_MAX {
                fields.wrong("/claims", "length", format!("At most {CLAIMS_MAX} claims."));
            }
            settings.claims.clone_from(claims);
        }
        for (name, claim) in settings.claims.iter().take(CLAIMS_MAX) {
            let pointer = format!("/claims/{}", escaped(name));
            let subject = name == "subject" && settings.saml.is_some();
            let known = subject || KNOWN_CLAIMS.iter().any(|(known, _)| known == name);
            if !known && !settings.rule_claims.contains(name) {
                let detail = "This is neither `email`, `first_name`, `last_name`, `display_name` \
                              nor a name in `rule_claims`.";
                fields.wrong(&pointer, "unknown", detail);
            }
            word(fields, &pointer, claim);
        }
        if let Some(text) = &sent.trace_until {
            let latest = self.work.at.plus_s(TRACE_MAX_S);
            let detail = "Send an instant as RFC 3339, at most 24 hours ahead.";
            settings.trace_until = text
                .as_deref()
                .and_then(|text| {
                    let until = Timestamp::parse(text).filter(|until| *until <= latest);
                    fields.found(until, "/trace_until", "value", detail)
                })
                .map(|until| until.0);
        }
    }

    async fn jit(&mut self, connection: &mut Connection, sent: &Sent) -> Result<(), Problem> {
        let Some(sent) = &sent.jit else { return Ok(()) };
        let jit = &mut connection.settings.jit;
        jit.enabled = sent.enabled.unwrap_or(jit.enabled);
        let Some(role) = &sent.default_role else { return Ok(()) };
        jit.default_role.clone_from(role);
        let Some(role) = role else { return Ok(()) };
        let platform = std::sync::Arc::clone(&self.work.platform);
        let roles = access::roles(&mut self.work.scope(), &platform).await?;
        let fits = roles.index(role).is_some_and(|index| spread(&roles, index, &[]).is_ok());
        if !fits {
            let detail = "This is no role that can be given for the whole organization.";
            self.fields.wrong("/jit/default_role", "value", detail);
        }
        Ok(())
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
        if let Some(text) = &sent.auth {
            let detail = "auth is `basic`, `post` or `private_key_jwt`.";
            let auth = fields.found(ClientAuth::parse(text), "/oidc/auth", "value", detail);
            oidc.auth = auth.unwrap_or(oidc.auth);
        }
        if let Some(text) = &sent.assertion_audience {
            let detail = "assertion_audience is `token_endpoint` or `issuer`.";
            let audience = AssertionAudience::parse(text);
            let audience = fields.found(audience, "/oidc/assertion_audience", "value", detail);
            oidc.assertion_audience = audience.unwrap_or(oidc.assertion_audience);
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

    /// What the provider knows us by: texts, or keys of ours as PEM.
    fn secrets(
        &mut self,
        secrets: &mut Secrets,
        sent: &OidcSent,
        (before, auth): (ClientAuth, ClientAuth),
    ) {
        let keyed = auth == ClientAuth::PrivateKeyJwt;
        if let Some(secret) = &sent.client_secret {
            self.secret("/oidc/client_secret", secret, keyed);
            secrets.client_secret.clone_from(secret);
        } else if keyed && (before != auth || secrets.client_secret.is_empty()) {
            match ClientKey::draw() {
                Ok(pem) => secrets.client_secret = pem,
                Err(error) => self.fields.wrong("/oidc/auth", "value", error.to_string()),
            }
        } else if (before == ClientAuth::PrivateKeyJwt) != keyed {
            let detail = "Send the client secret along with the way in which it is used.";
            self.fields.wrong("/oidc/client_secret", "required", detail);
        }
        if let Some(next) = &sent.next_client_secret {
            if let Some(next) = next {
                self.secret("/oidc/next_client_secret", next, keyed);
            }
            secrets.next.clone_from(next);
        } else if (before == ClientAuth::PrivateKeyJwt) != keyed {
            secrets.next = None;
        }
    }

    fn secret(&mut self, pointer: &str, text: &str, keyed: bool) {
        if !keyed {
            word(&mut self.fields, pointer, text);
        } else if let Err(error) = ClientKey::parse(text) {
            self.fields.wrong(pointer, "key", error.to_string());
        }
    }

    /// An issuer that serves every tenant: without a pinned one anybody could sign in (W1, EN1).
    fn tenant(&mut self, connection: &Connection) {
        if connection.settings.saml.is_some() {
            return;
        }
        let (issuer, tenant) = (&connection.settings.oidc.issuer, &connection.settings.tenant_id);
        let google = connection.provider == Provider::Google || issuer == GOOGLE;
        if google && tenant.is_none() {
            let detail = "Google needs your Workspace domain here: it is compared with `hd`.";
            self.fields.wrong("/tenant_id", "required", detail);
        }
        if serves_many(issuer) && !tenant.as_deref().is_some_and(is_tenant) {
            let detail = "This issuer serves every tenant of Entra: send the id of yours (a UUID), \
                          or use the issuer of your tenant.";
            self.fields.wrong("/tenant_id", "required", detail);
        }
    }
}

/// Whether a text can name a claim in a rule.
fn is_claim_name(text: &str) -> bool {
    text.len() <= CLAIM_NAME_MAX
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
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
