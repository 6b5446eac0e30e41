//! What the operations that have run made, and bodies with ids in the place of references (C137).

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::scim::dialect::Dialect;
use crate::scim::error::{ScimError, excerpt};
use crate::scim::patch::PATCH_URN;
use crate::scim::schema::ResourceType;

use super::{Operation, Target, reference};

/// The ids of what was made, by the `bulkId` of the operation that made it.
#[derive(Debug, Clone, Default)]
pub struct Made(HashMap<String, Option<String>>);

/// A create whose references to what is not made yet were taken out.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The body without them.
    pub body: Map<String, Value>,
    /// The PATCH message that adds them afterwards; `None` when nothing was taken out.
    pub later: Option<Map<String, Value>>,
}

impl Made {
    /// Notes what an operation made, if it was meant to make something; `None` when it failed.
    pub fn note(&mut self, operation: &Operation, id: Option<String>) {
        if let Some(name) = operation.bulk_id.as_ref().filter(|_| operation.makes()) {
            self.0.insert(name.clone(), id);
        }
    }

    /// The id of what an operation made.
    ///
    /// # Errors
    /// [`ScimError::invalid_value`] when it failed, or when there is no such create (C138).
    fn id(&self, bulk_id: &str) -> Result<&str, ScimError> {
        let name = excerpt(bulk_id);
        match self.0.get(bulk_id) {
            Some(Some(id)) => Ok(id),
            Some(None) => Err(ScimError::invalid_value(format!(
                "bulkId:{name} refers to an operation that failed"
            ))),
            None => Err(ScimError::invalid_value(format!(
                "bulkId:{name} refers to no POST of this request"
            ))),
        }
    }

    /// The id of the resource that an operation addresses.
    ///
    /// # Errors
    /// [`ScimError::invalid_value`] for one that was not made (C138).
    pub fn target<'a>(&'a self, target: &'a Target) -> Result<&'a str, ScimError> {
        match target {
            Target::Id(id) => Ok(id),
            Target::Made(name) => self.id(name),
        }
    }

    /// The body of a create or a replace with ids in the place of references.
    ///
    /// # Errors
    /// [`ScimError::invalid_value`] for the first reference to what was not made (C138).
    pub fn body(
        &self,
        body: &Map<String, Value>,
        rt: &ResourceType,
    ) -> Result<Map<String, Value>, ScimError> {
        let mut body = body.clone();
        self.fill(|visit| reference::in_body(&mut body, rt, visit))?;
        Ok(body)
    }

    /// A PATCH message with ids in the place of references.
    ///
    /// # Errors
    /// As [`Self::body`].
    pub fn patch(
        &self,
        body: &Map<String, Value>,
        rt: &ResourceType,
        dialect: Dialect,
    ) -> Result<Map<String, Value>, ScimError> {
        let mut body = body.clone();
        self.fill(|visit| reference::in_patch(&mut body, rt, dialect, visit))?;
        Ok(body)
    }

    /// The body of a create in a circle: references to those of the circle that are not made yet
    /// are kept for later.
    ///
    /// # Errors
    /// As [`Self::body`], for references that lead out of the circle.
    pub fn draft(
        &self,
        body: &Map<String, Value>,
        rt: &ResourceType,
        circle: &dyn Fn(&str) -> bool,
    ) -> Result<Draft, ScimError> {
        let mut body = body.clone();
        let waits = |name: &str| circle(name) && !self.0.contains_key(name);
        let later = reference::withhold(&mut body, rt, &waits);
        let body = self.body(&body, rt)?;
        if later.is_empty() {
            return Ok(Draft { body, later: None });
        }
        let message = json!({ "schemas": [PATCH_URN], "Operations": later });
        Ok(Draft { body, later: message.as_object().cloned() })
    }

    fn fill(&self, walk: impl FnOnce(&mut dyn FnMut(&mut String))) -> Result<(), ScimError> {
        let mut refused = None;
        walk(&mut |id| {
            let Some(name) = reference::name(id) else { return };
            match self.id(name).map(str::to_owned) {
                Ok(made) => *id = made,
                Err(error) => refused = refused.take().or(Some(error)),
            }
        });
        refused.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::ScimType;
    use crate::scim::catalog::GROUP;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn references_become_ids_and_what_was_not_made_is_an_invalid_value_c138() {
        let mut made = Made::default();
        made.0.insert("a".into(), Some("1".into()));
        made.0.insert("b".into(), None);
        let body = |name: &str| object(json!({"members": [{"value": "x"}, {"value": name}]}));
        assert_eq!(
            made.body(&body("bulkId:a"), &GROUP).map(Value::Object),
            Ok(json!({"members": [{"value": "x"}, {"value": "1"}]}))
        );
        for (name, said) in [("bulkId:b", "that failed"), ("bulkId:c", "no POST")] {
            let error = made.body(&body(name), &GROUP).unwrap_err();
            assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)));
            assert!(error.detail.contains(said), "{error}");
        }
        assert_eq!(made.target(&Target::Made("a".into())), Ok("1"));
        assert_eq!(made.target(&Target::Id("z".into())), Ok("z"));
        assert!(made.target(&Target::Made("b".into())).is_err());
    }

    #[test]
    fn a_draft_keeps_for_later_what_its_circle_has_not_made_yet_c137() {
        let mut made = Made::default();
        made.0.insert("a".into(), Some("1".into()));
        let body = object(json!({"members": [{"value": "bulkId:a"}, {"value": "bulkId:b"}]}));
        let draft = made.draft(&body, &GROUP, &|_| true).unwrap();
        assert_eq!(Value::Object(draft.body), json!({"members": [{"value": "1"}]}));
        made.0.insert("b".into(), Some("2".into()));
        let later = made.patch(&draft.later.unwrap(), &GROUP, Dialect::Strict).unwrap();
        let add = json!({"op": "add", "path": "members", "value": [{"value": "2"}]});
        assert_eq!(Value::Object(later), json!({"schemas": [PATCH_URN], "Operations": [add]}));
        assert_eq!(made.draft(&body, &GROUP, &|_| true).unwrap().later, None);
        assert!(Made::default().draft(&body, &GROUP, &|name| name == "a").is_err());
    }
}
