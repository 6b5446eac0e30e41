//! A live invite as its person sees it, as a page or as JSON.

use askama::Template;
use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::app::App;
use crate::domain::domain_name::DomainName;
use crate::domain::id::OrganizationId;
use crate::domain::invite::Invite;
use crate::domain::language::Language;
use crate::domain::password::Weak;
use crate::domain::platform::LoginType;
use crate::domain::resource::ResourceRef;
use crate::flow::problem::Problem;
use crate::http::entry_words::{EntryWords, entry_words, fill};
use crate::http::page;
use crate::http::words::{Words, words};
use crate::store;

/// Connections that are offered.
const CHOICES_MAX: i64 = 20;
/// Resources of one role that are named.
const RESOURCES_MAX: usize = 50;

/// A live invite, with all that its page says.
#[derive(Serialize, Template)]
#[template(path = "invite/open.html")]
pub struct Shown {
    organization: String,
    inviter: Option<String>,
    email: String,
    roles: Vec<Role>,
    /// Connections by which she may go on.
    #[serde(rename = "connections")]
    choices: Vec<Choice>,
    /// Whether she may set a password.
    password: bool,
    expires_at: String,
    #[serde(skip)]
    notice: Option<&'static str>,
    #[serde(skip)]
    words: &'static Words,
    #[serde(skip)]
    entry: &'static EntryWords,
    /// What the links to other languages carry on: the link says it all.
    #[serde(skip)]
    carried: &'static str,
}

/// A role that waits for her.
#[derive(Serialize)]
struct Role {
    role: String,
    label: String,
    /// Names of resources.
    resources: Vec<String>,
}

/// A connection by which she may go on.
#[derive(Serialize)]
pub struct Choice {
    /// Its id.
    pub id: String,
    name: String,
}

impl Shown {
    /// Reads what an invite says.
    ///
    /// # Errors
    /// 404 when the organization is gone; 503 when the database does not answer.
    pub async fn of(
        app: &App,
        organization: OrganizationId,
        invite: &Invite,
    ) -> Result<Self, Problem> {
        let kept = store::organization::by_id(&mut app.runner.db.conn(), organization).await?;
        let kept = kept.ok_or_else(|| Problem::not_found("invite"))?;
        let inviter = match invite.inviter {
            Some(id) => store::user::by_id(&mut app.runner.read(organization), id).await?,
            None => None,
        };
        let offered = &app.runner.platform.users.login_types;
        let password = offered.contains(&LoginType::Password)
            && invite.takes(LoginType::Password)
            && !kept.settings.require_sso;
        let choices = match invite.takes(LoginType::Sso) {
            true => choices(app, organization, &invite.email).await?,
            false => Vec::new(),
        };
        Ok(Self {
            organization: kept.name,
            inviter: inviter.map(|user| user.shown().to_owned()),
            email: invite.email.clone(),
            roles: roles(app, organization, invite).await?,
            choices,
            password,
            expires_at: invite.expires_at.to_string(),
            notice: None,
            words: words(Language::En),
            entry: entry_words(Language::En),
            carried: "",
        })
    }

    fn title(&self) -> String {
        fill(self.entry.join, &[("organization", &self.organization)])
    }

    fn invited(&self) -> String {
        let (email, organization) =
            (("email", &*self.email), ("organization", &*self.organization));
        match &self.inviter {
            Some(inviter) => {
                fill(self.entry.invited_by, &[("inviter", inviter), email, organization])
            }
            None => fill(self.entry.invited, &[email, organization]),
        }
    }

    fn continue_with(&self, choice: &Choice) -> String {
        fill(self.entry.continue_with, &[("name", &choice.name)])
    }

    fn no_way(&self) -> String {
        let asked = self.inviter.as_deref().unwrap_or(self.entry.your_administrator);
        fill(self.entry.no_way, &[("inviter", asked)])
    }

    /// Whether she may go on by this connection.
    pub fn offers(&self, connection: &str) -> bool {
        self.choices.iter().any(|choice| choice.id == connection)
    }

    /// Whether she may set a password.
    pub const fn takes_password(&self) -> bool {
        self.password
    }

    /// The page, or JSON for a program.
    pub fn answer(self, status: StatusCode, weak: Option<Weak>, headers: &HeaderMap) -> Response {
        let language = page::language(None, headers);
        let (words, entry) = (words(language), entry_words(language));
        let notice = weak.map(|weak| entry.weak(weak));
        let shown = Self { notice, words, entry, ..self };
        if !page::wants_json(headers) {
            return page::page(status, &shown);
        }
        let mut response = (status, Json(shown)).into_response();
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, no_store);
        response
    }
}

/// The connections of her domain; where none is, all that are active: whoever invites a person of
/// another domain knows why.
async fn choices(
    app: &App,
    organization: OrganizationId,
    email: &str,
) -> Result<Vec<Choice>, Problem> {
    let active = store::connection::active(&mut app.runner.read(organization), CHOICES_MAX).await?;
    let of_domain = match DomainName::of_email(email) {
        Some(domain) => {
            let conn = &mut app.runner.db.conn();
            store::connection::by_domain(conn, &domain, CHOICES_MAX).await?
        }
        None => Vec::new(),
    };
    let own: Vec<_> = active.iter().filter(|one| of_domain.contains(one)).cloned().collect();
    let offered = if own.is_empty() { active } else { own };
    let choice =
        |(id, name): (crate::domain::id::ConnectionId, String)| Choice { id: id.to_string(), name };
    Ok(offered.into_iter().map(choice).collect())
}

async fn roles(
    app: &App,
    organization: OrganizationId,
    invite: &Invite,
) -> Result<Vec<Role>, Problem> {
    let table = app.live.roles(organization).await?;
    let mut shown = Vec::new();
    for offered in &invite.grants {
        let role = table.index(&offered.role).and_then(|index| table.role(index));
        let mut resources = Vec::new();
        for text in offered.resources.iter().take(RESOURCES_MAX) {
            let Ok(named) = ResourceRef::parse(text) else { continue };
            let scope = &mut app.runner.read(organization);
            let found = store::resource::by_key(scope, named.kind(), &named.folded_key()).await?;
            resources.push(found.map_or_else(|| text.clone(), |found| found.name));
        }
        shown.push(Role {
            role: offered.role.clone(),
            label: role.map_or_else(|| offered.role.clone(), |role| role.label.clone()),
            resources,
        });
    }
    Ok(shown)
}
