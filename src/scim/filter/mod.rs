//! Filters (RFC 7644 §3.4.2.2): text to tree, tree to checked tests, tests over JSON documents.
//!
//! [`parse`] knows grammar and bounds, [`Filter::resolve`] knows the tables, [`eval`] is the one
//! meaning of a filter: whoever answers faster must answer the same. Depth and number of terms are
//! bounded while parsing, so that resolving, evaluating, printing and dropping are bounded too
//! (S10).

mod ast;
mod eval;
mod lexer;
mod lookup;
mod need;
mod parser;
mod print;
mod resolve;

pub use ast::{Expr, Filter, Literal, Op};
pub use eval::{eval, eval_element, eval_over};
pub use lookup::Lookup;
pub use need::Need;
pub use parser::{DEPTH_MAX, LENGTH_MAX, TERMS_MAX, parse};
pub use resolve::Resolved;

pub(in crate::scim) use parser::{parse_within_path, word_boolean};
