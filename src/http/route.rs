//! Route tables: permission is a column.
//!
//! Each surface is a table of rows: method, path, what it needs, handler, and what the API
//! description says. [`mount`] makes the router and the guard from the same row, so a route
//! without a permission cannot be written.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr, Schema};

use super::guard::{self, Guard};
use crate::app::App;

/// Where the organization of a request stands: in which parameter of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// `{org}`: id or slug.
    Organization,
    /// `{id}` is a directory.
    Directory,
    /// `{id}` is a token of a directory.
    DirectoryToken,
    /// `{id}` is an OAuth client of a directory.
    DirectoryClient,
    /// `{id}` is a domain.
    Domain,
    /// `{id}` is a connection.
    Connection,
    /// `{id}` is a user.
    User,
    /// `{id}` is a user, or somebody who is a guest of the caller's organization.
    Person,
    /// `{id}` is a group.
    Group,
    /// `{id}` is a mapping rule.
    MappingRule,
    /// `{id}` is a role that the organization made.
    Role,
    /// `{id}` is a grant.
    Grant,
    /// `{id}` is an identity of a user.
    Identity,
    /// `{id}` is a session of a user.
    Session,
    /// `{id}` is an invite.
    Invite,
    /// `{id}` is a webhook.
    Webhook,
}

/// What a caller needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: anybody may ask.
    Nothing,
    /// Any credential; the handler decides about whom and what.
    Credential,
    /// A browser session.
    Session,
    /// The operator's token.
    Operator,
    /// A built-in action in the organization that the path names.
    Action(&'static str, Of),
    /// A directory's token with this scope.
    Scim(ScimScope),
}

/// What a directory token must be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScimScope {
    /// `scim.read`.
    Read,
    /// `scim.write`.
    Write,
}

/// A method of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// The method's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// The query parameters of a list that comes in pages.
pub const PAGED: &[(&str, &str)] = &[LIMIT, AFTER];
/// How long a page is.
pub const LIMIT: (&str, &str) = ("limit", "Items on the page: 1 to 100, 50 unless said.");
/// Where a page begins.
pub const AFTER: (&str, &str) = ("after", "Where the page begins: `next` of the page before.");

/// A schema by name, with those that it refers to.
pub struct Described {
    /// Its name in the description.
    pub name: String,
    /// The schema itself.
    pub schema: RefOr<Schema>,
    /// What it refers to, by name.
    pub parts: Vec<(String, RefOr<Schema>)>,
}

/// The schema of a body or answer.
pub type SchemaOf = fn() -> Described;

/// The schema of a type, for a [`Doc`].
#[must_use]
pub fn schema<T: utoipa::ToSchema>() -> Described {
    let mut parts = Vec::new();
    T::schemas(&mut parts);
    Described { name: T::name().into_owned(), schema: T::schema(), parts }
}

/// The schema of a page of a list of a type, for a [`Doc`].
#[must_use]
pub fn page<T: utoipa::ToSchema>() -> Described {
    let Described { name, schema, mut parts } = schema::<T>();
    let item = Ref::from_schema_name(name.as_str());
    parts.push((name.clone(), schema));
    let next = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("The cursor of the next page; `null` on the last one."));
    let page = ObjectBuilder::new()
        .property("data", ArrayBuilder::new().items(item))
        .property("next", next)
        .required("data")
        .required("next");
    let schema = RefOr::T(Schema::Object(page.build()));
    Described { name: format!("{name}Page"), schema, parts }
}

/// What the API description says of a route.
#[derive(Clone, Copy, Default)]
pub struct Doc {
    /// One line.
    pub summary: &'static str,
    /// Query parameters: name and meaning.
    pub query: &'static [(&'static str, &'static str)],
    /// The request's body.
    pub body: Option<SchemaOf>,
    /// Whether the body is a form with a file rather than JSON.
    pub is_form: bool,
    /// The status and body of success.
    pub answer: (u16, Option<SchemaOf>),
    /// The media type of an answer that is a file.
    pub file: Option<&'static str>,
}

impl Doc {
    /// A call that takes no body and answers 200.
    #[must_use]
    pub const fn of(summary: &'static str) -> Self {
        Self { summary, query: &[], body: None, is_form: false, answer: (200, None), file: None }
    }

    /// Names the query parameters.
    #[must_use]
    pub const fn query(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    /// Names the body.
    #[must_use]
    pub const fn body(self, body: SchemaOf) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Names the fields of a form with a file.
    #[must_use]
    pub const fn form(self, body: SchemaOf) -> Self {
        Self { body: Some(body), is_form: true, ..self }
    }

    /// The answer is a file of this media type.
    #[must_use]
    pub const fn file(self, media: &'static str) -> Self {
        Self { file: Some(media), ..self }
    }

    /// Names the answer.
    #[must_use]
    pub const fn answer(self, status: u16, answer: SchemaOf) -> Self {
        Self { answer: (status, Some(answer)), ..self }
    }

    /// The answer is 204 without a body.
    #[must_use]
    pub const fn nothing(self) -> Self {
        Self { answer: (204, None), ..self }
    }
}

/// One row of a route table.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path below the surface's prefix, with `{parameters}`.
    pub path: &'static str,
    /// What the caller needs.
    pub needs: Needs,
    /// Makes the handler.
    pub handler: fn() -> MethodRouter<App>,
    /// What the API description says.
    pub doc: Doc,
}

impl Route {
    /// A row.
    #[must_use]
    pub const fn new(
        method: Method,
        path: &'static str,
        needs: Needs,
        handler: fn() -> MethodRouter<App>,
        doc: Doc,
    ) -> Self {
        Self { method, path, needs, handler, doc }
    }
}

/// Makes the router of a table: each row guarded by its own column.
pub fn mount(app: &App, table: impl IntoIterator<Item = &'static Route>) -> Router<App> {
    mount_with(app, table, |_, handler| handler)
}

/// The same, with something of a surface's own between guard and handler.
pub fn mount_with(
    app: &App,
    table: impl IntoIterator<Item = &'static Route>,
    wrap: impl Fn(&Route, MethodRouter<App>) -> MethodRouter<App>,
) -> Router<App> {
    table.into_iter().fold(Router::new(), |router, row| {
        let guard = Guard { app: app.clone(), needs: row.needs };
        let handler = wrap(row, (row.handler)());
        router.route(row.path, handler.route_layer(from_fn_with_state(guard, guard::check)))
    })
}
