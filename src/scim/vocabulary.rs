//! The names that are known: those of the schemas, of messages, and of what clients often send.
//!
//! What a client puts where a name belongs is told again only when it stands here. A value that
//! was put there by mistake, be it formed like a name, is no word of this list (S15).

use super::attribute_path::is_uri;
use super::bulk;
use super::catalog::{COMMON, SCHEMA_URN, Served};
use super::error::ERROR_URN;
use super::list::{LIST_URN, PARAMETERS, SEARCH_URN};
use super::patch::PATCH_URN;
use super::schema::find;

/// Names of messages that are no parameters of a list (RFC 7644 §3.5.2, §3.7).
const MESSAGES: [&str; 10] = [
    "Operations",
    "op",
    "path",
    "value",
    "method",
    "bulkId",
    "version",
    "data",
    "failOnErrors",
    "schemas",
];

/// Switches that Entra ID is told to add to the address (E1, L19).
const SWITCHES: [&str; 2] = ["aadOptscim062020", "AzureAdScimPatch2017"];

/// Attributes that no schema here has and that directories are often made to send (D11).
const FOREIGN: [&str; 35] = [
    "accountEnabled",
    "age",
    "birthday",
    "businessPhones",
    "city",
    "companyName",
    "distinguishedName",
    "email",
    "employeeId",
    "employeeType",
    "enabled",
    "extensionAttribute",
    "faxNumber",
    "firstName",
    "gender",
    "groupType",
    "hireDate",
    "jobTitle",
    "lastName",
    "login",
    "mail",
    "mailNickname",
    "memberOf",
    "mobile",
    "mobilePhone",
    "objectId",
    "office",
    "onPremisesSamAccountName",
    "phone",
    "physicalDeliveryOfficeName",
    "proxyAddresses",
    "samAccountName",
    "secondEmail",
    "status",
    "userPrincipalName",
];

/// Schemas that clients name and that nobody serves: Entra's own for groups (E12), those of SCIM
/// 1.1 (L25).
const FOREIGN_SCHEMAS: [&str; 4] = [
    "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
    "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/User",
    "urn:scim:schemas:core:1.0",
    "urn:scim:schemas:extension:enterprise:1.0",
];

/// Schemas of messages and of documents that are read only.
const MESSAGE_SCHEMAS: [&str; 7] =
    [PATCH_URN, SEARCH_URN, LIST_URN, ERROR_URN, bulk::REQUEST_URN, bulk::RESPONSE_URN, SCHEMA_URN];

/// How far a text is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// The whole of it.
    Whole,
    /// So much of its beginning, up to a colon or a dot, and not what stands behind.
    Begin(&'a str),
    /// Nothing.
    Not,
}

/// Tells how much of a text is a known name, perhaps with its schema and its attribute.
#[must_use]
pub fn known(text: &str) -> Known<'_> {
    if !is_uri(text) {
        return path(text);
    }
    if is_schema(text) {
        return Known::Whole;
    }
    let Some((urn, rest)) = text.rsplit_once(':') else { return Known::Not };
    if !is_schema(urn) {
        return Known::Not;
    }
    let begin = text.get(..=urn.len()).unwrap_or_default();
    match path(rest) {
        Known::Whole => Known::Whole,
        Known::Begin(more) => {
            Known::Begin(text.get(..begin.len() + more.len()).unwrap_or_default())
        }
        Known::Not => Known::Begin(begin),
    }
}

/// A name, or one behind another.
fn path(text: &str) -> Known<'_> {
    match text.split_once('.') {
        None if is_word(text) => Known::Whole,
        Some((name, sub)) if is_word(name) && is_word(sub) => Known::Whole,
        Some((name, _)) if is_word(name) => {
            Known::Begin(text.get(..=name.len()).unwrap_or_default())
        }
        _ => Known::Not,
    }
}

fn is_schema(text: &str) -> bool {
    let listed = MESSAGE_SCHEMAS.iter().chain(&FOREIGN_SCHEMAS);
    Served::default().schema(text).is_some()
        || listed.into_iter().any(|urn| urn.eq_ignore_ascii_case(text))
}

fn is_word(text: &str) -> bool {
    let listed = PARAMETERS.iter().chain(&MESSAGES).chain(&SWITCHES).chain(&FOREIGN);
    is_declared(text) || listed.into_iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Whether a schema has an attribute or a sub-attribute of this name.
fn is_declared(text: &str) -> bool {
    let schemas = Served::default().schemas();
    let tables = schemas.iter().map(|schema| schema.attributes).chain([COMMON]);
    tables.into_iter().any(|table| {
        find(table, text).is_some() || table.iter().any(|held| held.sub(text).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::catalog::{ENTERPRISE_URN, USER_URN};

    #[test]
    fn what_the_schemas_declare_is_known_in_any_letter_case() {
        for text in [
            "userName",
            "USERNAME",
            "name.givenName",
            "emails.type",
            "$ref",
            "meta.lastModified",
            "department",
            "schemaExtensions",
            USER_URN,
            "Operations",
            "sortBy",
            "aadOptscim062020",
        ] {
            assert_eq!(known(text), Known::Whole, "{text}");
        }
        assert_eq!(
            known(&format!("{}:manager.value", ENTERPRISE_URN.to_uppercase())),
            Known::Whole
        );
    }

    #[test]
    fn what_stands_behind_a_known_name_is_known_by_itself() {
        assert_eq!(known("name.lovelace"), Known::Begin("name."));
        assert_eq!(known("emails.value.ada"), Known::Begin("emails."));
        let urn = format!("{USER_URN}:");
        assert_eq!(known(&format!("{urn}lovelace")), Known::Begin(&urn));
        let named = format!("{urn}name.");
        assert_eq!(known(&format!("{named}lovelace")), Known::Begin(&named));
    }

    #[test]
    fn a_word_formed_like_a_name_is_not_known_for_that_s15() {
        for text in ["Lovelace", "ada", "", ".", "urn:x:userName", "urn:", "ada.userName"] {
            assert_eq!(known(text), Known::Not, "{text}");
        }
    }

    #[test]
    fn what_is_listed_as_foreign_is_in_order_and_in_no_schema() {
        assert!(FOREIGN.is_sorted());
        assert_eq!(FOREIGN.iter().find(|word| is_declared(word)), None);
    }
}
