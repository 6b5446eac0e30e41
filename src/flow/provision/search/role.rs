//! The platform's roles as resources that a client reads (N7).
//!
//! They come from the platform definition in its order, the same for every directory, and no
//! database is asked for them. Their ids are the keys by which mapping rules and grants name them.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Lens, Listed, Shelf};
use crate::domain::platform::{Definition, Role};
use crate::scim::ResourceType;
use crate::scim::catalog::Served;
use crate::store::StoreError;
use crate::store::place::Place;

/// A role that is offered to clients.
#[derive(Clone, Debug)]
pub struct OfferedRole {
    /// Its id: the role's key.
    pub key: String,
    /// What there is to say of it.
    pub document: Map<String, Value>,
    /// Changes whenever the document does.
    pub version: i64,
    /// Its number, from 0.
    number: u32,
}

/// The roles that are offered, in display order.
pub fn offered(
    platform: &Definition,
    served: Served,
) -> impl Iterator<Item = OfferedRole> + use<'_> {
    let listed = platform.roles().iter().filter(|role| role.listed);
    (0..).zip(listed).map(move |(number, role)| OfferedRole::of(number, role, served))
}

impl OfferedRole {
    fn of(number: u32, role: &Role, served: Served) -> Self {
        let mut document = Map::new();
        document.insert("schemas".to_owned(), json!([served.role().schema.id]));
        document.insert("displayName".to_owned(), json!(role.label));
        if let Some(text) = &role.description {
            document.insert("description".to_owned(), json!(text));
        }
        let digest = Sha256::digest(json!([role.key, document]).to_string());
        let first = digest.first_chunk().copied().unwrap_or_default();
        let version = i64::from_be_bytes(first) & i64::MAX;
        Self { key: role.key.clone(), document, version, number }
    }

    /// The place of the role with this number: behind all that was ever made.
    fn place_of(number: u32) -> Place {
        Place { id: Uuid::from_u128(u128::from(number) + 1), ..Place::END }
    }
}

impl Listed for OfferedRole {
    const NAME: &'static str = "Role";
    const INDEXED: &'static str = "id or displayName";

    fn types(served: Served) -> Vec<&'static ResourceType> {
        vec![served.role()]
    }

    fn place(&self) -> Place {
        Self::place_of(self.number)
    }

    fn layers(&self, base: &str) -> (Map<String, Value>, Map<String, Value>) {
        let mut owned = Map::new();
        owned.insert("id".to_owned(), json!(self.key));
        owned.insert(
            "meta".to_owned(),
            json!({
                "resourceType": Self::NAME,
                "location": format!("{base}/Roles/{}", self.key),
                "version": format!("W/\"{}\"", self.version),
            }),
        );
        (self.document.clone(), owned)
    }

    async fn counted(shelf: &Shelf<'_>) -> Result<(i64, i64), StoreError> {
        let all = offered(&shelf.runner.platform, shelf.served).count();
        Ok((i64::try_from(all).unwrap_or(i64::MAX), 0))
    }

    async fn fetch(
        shelf: &Shelf<'_>,
        _: &[Lens],
        after: Place,
        limit: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let behind = offered(&shelf.runner.platform, shelf.served);
        let behind = behind.filter(|role| role.place() > after);
        Ok(behind.take(usize::try_from(limit).unwrap_or(0)).collect())
    }

    async fn by_ids(shelf: &Shelf<'_>, ids: &[Uuid]) -> Result<Vec<Self>, StoreError> {
        let all = offered(&shelf.runner.platform, shelf.served);
        Ok(all.filter(|role| ids.contains(&role.place().id)).collect())
    }

    async fn start(_: &Shelf<'_>, offset: i64) -> Result<Option<Place>, StoreError> {
        Ok(Some(match u32::try_from(offset) {
            Ok(0) => Place::START,
            Ok(offset) => Self::place_of(offset - 1),
            Err(_) => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::platform::preset;

    #[test]
    fn roles_are_offered_in_order_with_a_version_of_their_content_n7() {
        let text = preset("field-vision").unwrap();
        let platform = Definition::parse(text, "field-vision").unwrap();
        let roles: Vec<OfferedRole> = offered(&platform, Served::default()).collect();
        let listed: Vec<&Role> = platform.roles().iter().filter(|role| role.listed).collect();
        assert!(!roles.is_empty());
        assert_eq!(roles.len(), listed.len());
        for (role, listed) in roles.iter().zip(listed) {
            assert_eq!(role.key, listed.key);
            assert_eq!(role.document["displayName"], json!(listed.label));
            assert!(role.version > 0);
        }
        assert!(roles.is_sorted_by(|left, right| left.place() < right.place()));
        let renamed = Served::with_role_urn("urn:example:Role").unwrap();
        assert_ne!(offered(&platform, renamed).next().unwrap().version, roles[0].version);
    }
}
