//! Requests and answers of the decision surface, as the standard shapes them.
//!
//! What is left out or of another type is 400, within a list of questions it is an answer of its
//! own. Members that nothing here knows are passed over: the standard lets callers send properties
//! of their own.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::App;
use crate::flow::access::live::{Answer, Given};
use crate::flow::problem::{Code, Problem};
use crate::http::answer::Refusal;
use crate::http::extract::{bytes, is_json, parse};

/// Who is asked about.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Subject {
    /// `user`.
    pub r#type: Option<String>,
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
    pub name: Option<String>,
}

/// What she would do it on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Resource {
    /// The kind of the resource, or `organization`.
    pub r#type: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The number of the newest change to her access that the decision knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_version: Option<i64>,
    /// The grants that gave it, for callers who may have access explained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<Grant>>,
    /// Why this one of several questions could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// Why one of several questions could not be read.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = EvaluationFailure)]
pub struct Failure {
    /// The status that it would have had alone: 400.
    pub status: u16,
    /// What is wrong, with a pointer into the request.
    pub message: String,
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
                reason: Some(Reason { code: answer.reason.code() }),
                access_version: Some(answer.version),
                grants,
                error: None,
            },
        }
    }

    /// The answer to one of several questions that cannot be read.
    pub fn failed(problem: &Problem) -> Self {
        let error = Failure { status: problem.code.status(), message: problem.detail.clone() };
        Self {
            decision: false,
            context: Context {
                reason: None,
                access_version: None,
                grants: None,
                error: Some(error),
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
        if !is_json(request.headers()) {
            let detail = "Send the body as application/json.";
            return Err(Problem::new(Code::Malformed, detail).into());
        }
        let bytes = bytes(request, app).await?;
        let read = parse(&bytes).map_err(|problem| Problem { code: Code::Malformed, ..problem });
        read.map(Self).map_err(Refusal)
    }
}

/// 400 for a member that is missing.
pub fn missing(pointer: &str) -> Problem {
    malformed(pointer, "required", &format!("{pointer} is missing."))
}

/// 400 for a member that does not fit: the standard knows no other status for it.
pub fn malformed(pointer: &str, code: &str, detail: &str) -> Problem {
    let problem = Problem::invalid(pointer, code, detail);
    Problem { code: Code::Malformed, ..problem }
}

impl Subject {
    /// Her type.
    ///
    /// # Errors
    /// 400 when it is missing.
    pub fn kind(&self) -> std::result::Result<&str, Problem> {
        self.r#type.as_deref().ok_or_else(|| missing("/subject/type"))
    }

    /// Her login, where she is named by it.
    pub fn user_name(&self) -> Option<&str> {
        self.properties.as_ref()?.get("user_name")?.as_str()
    }

    /// The subject with the parts that it must have and leaves out taken from the default.
    fn over(self, default: &Self) -> Self {
        let id = match self.user_name() {
            Some(_) => self.id,
            None => self.id.or_else(|| default.id.clone()),
        };
        let r#type = self.r#type.or_else(|| default.r#type.clone());
        Self { r#type, id, properties: self.properties }
    }
}

impl Action {
    /// Its name.
    ///
    /// # Errors
    /// 400 when it is missing.
    pub fn named(&self) -> std::result::Result<&str, Problem> {
        self.name.as_deref().ok_or_else(|| missing("/action/name"))
    }
}

impl Resource {
    /// Its type.
    ///
    /// # Errors
    /// 400 when it is missing.
    pub fn kind(&self) -> std::result::Result<&str, Problem> {
        self.r#type.as_deref().ok_or_else(|| missing("/resource/type"))
    }

    fn over(self, default: &Self) -> Self {
        Self {
            r#type: self.r#type.or_else(|| default.r#type.clone()),
            id: self.id.or_else(|| default.id.clone()),
        }
    }
}

impl Evaluation {
    /// The question with what it leaves out taken from the defaults: whole parts, and of a part
    /// that is there what it must have.
    pub fn over(self, defaults: &Self) -> Self {
        let subject = match (self.subject, &defaults.subject) {
            (Some(own), Some(default)) => Some(own.over(default)),
            (own, default) => own.or_else(|| default.clone()),
        };
        let action = match (self.action, &defaults.action) {
            (Some(own), Some(default)) => {
                Some(Action { name: own.name.or_else(|| default.name.clone()) })
            }
            (own, default) => own.or_else(|| default.clone()),
        };
        let resource = match (self.resource, &defaults.resource) {
            (Some(own), Some(default)) => Some(own.over(default)),
            (own, default) => own.or_else(|| default.clone()),
        };
        let context = self.context.or_else(|| defaults.context.clone());
        Self { subject, action, resource, context }
    }
}
