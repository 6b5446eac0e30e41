//! RFC 7643 and RFC 7644 as a library: no SQL, no HTTP, no clock, no organizations.
//!
//! | module | knows |
//! |---|---|
//! | [`schema`], [`catalog`] | attributes as tables; the tables that are served |
//! | [`attribute_path`], [`locator`] | names as written, and where they lead in a document |
//! | [`filter`] | parse, resolve, evaluate, print |
//! | [`json`], [`validate`], [`resource`], [`member`] | bodies in, documents and members out |
//! | [`path`], [`patch`] | what an operation changes, and changing it |
//! | [`bulk`] | many operations in one message, and what they refer to |
//! | [`project`], [`sort`], [`list`], [`page`] | which attributes, in which order, in which pages |
//! | [`discovery`] | what the service says about itself |
//! | [`quirk`] | strangers' habits, rewritten before the engine sees them |
//! | [`redact`], [`shape`] | what may be kept of a request: known names and types, never values |
//! | [`dialect`], [`error`], [`fold()`] | tolerances, refusals, comparison keys |

pub mod attribute_path;
pub mod bulk;
pub mod catalog;
pub mod dialect;
pub mod discovery;
pub mod error;
pub mod filter;
mod fold;
pub mod instant;
pub mod json;
pub mod list;
pub mod locator;
pub mod member;
pub mod page;
pub mod patch;
pub mod path;
pub mod project;
pub mod quirk;
pub mod redact;
pub mod resource;
pub mod schema;
pub mod shape;
pub mod sort;
pub mod validate;
mod value;
mod vocabulary;

pub use dialect::{Dialect, Notes, Tolerance};
pub use error::{ScimError, ScimType};
pub use fold::{fold, fold_cow};
pub use member::{Member, MemberKind};
pub use resource::Resource;
pub use schema::ResourceType;
