//! Bulk requests (RFC 7644 §3.7): read the message, order its operations, resolve its references.
//!
//! [`parse`] reads the message; what is wrong with one operation is kept for that operation alone.
//! [`plan`] says in which order operations run, [`Made`] knows what earlier ones made and puts ids
//! in the place of `bulkId:x`, and [`response`] writes the answer. Running an operation is the
//! caller's.

mod answer;
mod made;
mod message;
mod plan;
mod reference;
mod target;

#[cfg(test)]
mod law_tests;

pub use answer::{Answered, response};
pub use made::{Draft, Made};
pub use message::{Bulk, Call, Operation, Verb, parse};
pub use plan::{Unit, plan};
pub use target::Target;

use super::discovery::BulkLimits;

/// Message schema of a request.
pub const REQUEST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// Message schema of an answer.
pub const RESPONSE_URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
/// Most operations of one request, `maxOperations` (C141).
pub const OPERATIONS_MAX: usize = 1_000;
/// Largest body in bytes, `maxPayloadSize` (C141).
pub const PAYLOAD_MAX: usize = 8 * 1024 * 1024;
/// The limits as the service announces them (C150).
pub const LIMITS: BulkLimits =
    BulkLimits { operations_max: OPERATIONS_MAX, payload_max: PAYLOAD_MAX };
