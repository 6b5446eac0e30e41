//! The `path` of an operation: which endpoint, and which resource below it (C137, C142).

use crate::scim::catalog::{GROUP, USER};
use crate::scim::error::{ScimError, excerpt};
use crate::scim::schema::ResourceType;

use super::reference;

/// Endpoints that exist and that no operation of a bulk request may address (C142).
const NOT_IN_BULK: [&str; 7] =
    ["Bulk", "Me", "Roles", "Schemas", "ResourceTypes", "ServiceProviderConfig", ".search"];

/// The resource that an operation addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// One that is there, by its id as sent, percent-decoded.
    Id(String),
    /// What another operation of the request makes, by that one's `bulkId`.
    Made(String),
}

/// Reads a path: relative to the base, tolerant to a slash at either end and to parameters (C6).
///
/// # Errors
/// [`ScimError::invalid_value`] for an endpoint that takes no operations, 404 for one that is
/// none (C142).
pub(super) fn read(path: &str) -> Result<(&'static ResourceType, Option<Target>), ScimError> {
    let bare = path.split(['?', '#']).next().unwrap_or_default();
    let bare = bare.strip_prefix('/').unwrap_or(bare);
    let bare = bare.strip_suffix('/').unwrap_or(bare);
    let (endpoint, id) = match bare.split_once('/') {
        Some((endpoint, id)) => (endpoint, Some(id)),
        None => (bare, None),
    };
    if NOT_IN_BULK.contains(&endpoint) || id == Some(".search") {
        return Err(ScimError::invalid_value(format!(
            "path '{}' takes no operations of a bulk request",
            excerpt(path)
        )));
    }
    let unknown =
        || ScimError::status(404, format!("path '{}' leads to no endpoint", excerpt(path)));
    let named = |rt: &&'static ResourceType| rt.endpoint.strip_prefix('/') == Some(endpoint);
    let rt = [&USER, &GROUP].into_iter().find(named).ok_or_else(unknown)?;
    let target = match id {
        None => None,
        Some(id) if id.is_empty() || id.contains('/') => return Err(unknown()),
        Some(id) => {
            let id = decoded(id);
            Some(match reference::name(&id) {
                Some(name) => Target::Made(name.to_owned()),
                None => Target::Id(id),
            })
        }
    };
    Ok((rt, target))
}

/// Percent-decodes a segment; what cannot be decoded stays as it is, which no id is (C6, C53).
fn decoded(segment: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(segment.len()), segment.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        let pair = after.get(..2).filter(|_| byte == b'%');
        let hex = pair.and_then(|pair| std::str::from_utf8(pair).ok());
        // A sign is a digit to `from_str_radix`, not to an encoder.
        let hex = hex.filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                bytes.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| segment.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &str) -> Option<Target> {
        read(path).unwrap().1
    }

    #[test]
    fn a_path_names_a_collection_a_resource_or_what_is_made_here_c137() {
        assert_eq!(target("/Users"), None);
        assert_eq!(target("Users/?attributes=id"), None);
        assert_eq!(target("/Groups/g-1/"), Some(Target::Id("g-1".into())));
        assert_eq!(target("/Users/bulkId:x y"), Some(Target::Made("x y".into())));
        assert_eq!(target("/Users/bulkId%3Ax%2fy"), Some(Target::Made("x/y".into())));
        assert_eq!(target("/Users/%zz%+1%ff"), Some(Target::Id("%zz%+1%ff".into())));
        assert_eq!(read("/Groups").unwrap().0.name, "Group");
    }

    #[test]
    fn endpoints_that_take_no_operations_are_400_and_foreign_ones_404_c142() {
        for path in ["/Bulk", "/Me", "/Schemas/x", "/ServiceProviderConfig", "/Users/.search"] {
            assert_eq!(read(path).unwrap_err().status, 400, "{path}");
        }
        for path in ["", "/", "/users", "/Robots/1", "/Users//", "/Users/a/b", "https://x/Users"] {
            assert_eq!(read(path).unwrap_err().status, 404, "{path}");
        }
    }
}
