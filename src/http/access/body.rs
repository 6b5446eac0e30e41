//! Requests and answers of the decision surface, as the standard shapes them.
//!
//! What is left out or of another type is 400. Members that nothing here knows are passed over:
//! the standard lets callers send properties of their own.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::App;
use crate::flow::access::live::{Answer, Given};
use crate::flow::problem::{Code, Problem};
use crate::http::answer::Refusal;
use crate::http::extract::{bytes, parse};

/// Who is asked about.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Subject {
    /// `user`.
    pub r#type: String,
    /// The id of the user; or name her by `properties.user_name`.
    pub id: Option<String>,
    /// `user_name`: her login, where it is the only one of the organization.
    #[schema(value_type = Option<Object>)]
    pub properties: Option<Map<String, Value>>,
}

/// What she would do.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Action {
    /// The key of a permission.
    pub name: String,
}

/// What she would do it on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Resource {
    /// The kind of the resource, or `organization`.
    pub r#type: String,
    /// Its key; of an organization the id.
    pub id: Option<String>,
}

/// One question, or the defaults of several.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct Evaluation {
    /// Who.
    pub subject: Option<Subject>,
    /// Does what.
    pub action: Option<Action>,
    /// On what.
    pub resource: Option<Resource>,
    /// `organization`: the id of the organization in question.
    #[schema(value_type = Option<Object>)]
    pub context: Option<Map<String, Value>>,
}

/// Several questions.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Evaluations {
    /// What each question has unless it says otherwise.
    #[serde(flatten)]
    pub defaults: Evaluation,
    /// At most 1,000 questions; without any, the defaults are the question.
    #[serde(default)]
    pub evaluations: Vec<Evaluation>,
    /// How many are answered.
    #[serde(default)]
    pub options: Options,
}

/// How several questions are answered.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct Options {
    /// `execute_all` (unless said), `deny_on_first_deny` or `permit_on_first_permit`.
    pub evaluations_semantic: Option<String>,
}

/// A search: the question with one part left open.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Search {
    /// The question.
    #[serde(flatten)]
    pub question: Evaluation,
    /// Which page.
    #[serde(default)]
    pub page: PageAsked,
}

/// Which page of a search.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct PageAsked {
    /// `next_token` of the page before.
    pub token: Option<String>,
    /// Results on the page: 1 to 100, 50 unless said.
    pub limit: Option<i64>,
}

/// A decision.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Decided {
    /// Yes or no.
    pub decision: bool,
    /// Why.
    pub context: Context,
}

/// Why a decision is what it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Context {
    /// The reason.
    pub reason: Reason,
    /// The number of the newest change to her access that the decision knows.
    pub access_version: i64,
    /// The grants that gave it, for callers who may have access explained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<Grant>>,
}

/// A reason by its code.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reason {
    /// `held`, `no-grant`, `not-covered`, ...
    pub code: &'static str,
}

/// A grant that gave a decision.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Grant {
    /// The role's key.
    pub role: String,
    /// `kind:key`; `null` for the whole organization.
    pub resource: Option<String>,
    /// `rule`, `manual`, ...
    pub source: &'static str,
    /// The source's name for people.
    pub source_name: Option<String>,
}

/// Several decisions, in the order of their questions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AllDecided {
    /// The decisions.
    pub evaluations: Vec<Decided>,
}

/// A page of a search.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Found {
    /// What was found.
    pub results: Vec<Result>,
    /// Where the next page begins.
    pub page: PageFound,
}

/// Where the next page begins.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PageFound {
    /// The token of the next page; empty on the last one.
    pub next_token: String,
}

/// One result of a search.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Result {
    /// A subject or a resource.
    Entity {
        /// Its type.
        r#type: String,
        /// Its id.
        id: String,
    },
    /// An action.
    Action {
        /// The key of a permission.
        name: String,
    },
}

impl Decided {
    /// An answer as it is sent; grants only to those who may see them.
    pub fn of(answer: Answer, explained: bool) -> Self {
        let grants = explained.then(|| answer.grants.into_iter().map(Grant::from).collect());
        Self {
            decision: answer.allowed,
            context: Context {
                reason: Reason { code: answer.reason.code() },
                access_version: answer.version,
                grants,
            },
        }
    }
}

impl From<Given> for Grant {
    fn from(given: Given) -> Self {
        Self {
            role: given.role,
            resource: given.resource,
            source: given.source.key(),
            source_name: given.source_name,
        }
    }
}

/// A body of this surface.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> std::result::Result<Self, Refusal> {
        let bytes = bytes(request, app).await?;
        let read = parse(&bytes).map_err(|problem| Problem { code: Code::Malformed, ..problem });
        read.map(Self).map_err(Refusal)
    }
}

/// 400 for a member that is missing.
pub fn missing(pointer: &str) -> Problem {
    let detail = format!("{pointer} is missing.");
    Problem { code: Code::Malformed, ..Problem::invalid(pointer, "required", detail) }
}
