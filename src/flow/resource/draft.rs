//! A resource as it is sent, and its checks against the platform definition.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::fields::{Fields, step};
use super::super::problem::Problem;
use super::super::work::Work;
use crate::domain::platform::{Definition, KindIndex, ResourceKind};
use crate::domain::resource::{NotAResource, ResourceRef, fold};
use crate::store;
use crate::store::resource::Resource;

/// Longest name, status, location and attribute value, in characters.
pub const TEXT_MAX: usize = 200;
/// Attributes of one resource.
pub const ATTRIBUTES_MAX: usize = 50;
/// Longest URL, in letters.
pub const URL_MAX: usize = 2_000;

/// A resource as it is sent.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The key of its kind.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// What it lies in: `kind:key`.
    pub parent: Option<String>,
    /// One of the kind's statuses.
    pub status: Option<String>,
    /// Where it is, in words.
    pub location: Option<String>,
    /// The extra columns of its kind: texts, numbers and truth values.
    pub attributes: Map<String, Value>,
    /// Where the platform shows it.
    pub url: Option<String>,
}

/// Checks a draft, its parent against the registry too; `None` when something was wrong.
///
/// # Errors
/// [`Problem`] when the store does not answer.
pub(super) async fn check(
    work: &mut Work,
    fields: &mut Fields,
    draft: &Draft,
) -> Result<Option<Resource>, Problem> {
    let platform = std::sync::Arc::clone(&work.platform);
    let Some((kind, name)) = check_alone(fields, &platform, draft) else { return Ok(None) };
    let parent = match draft.parent.as_deref() {
        None => None,
        Some(text) => match check_parent(fields, &platform, kind, text) {
            None => return Ok(None),
            Some(parent) => {
                let (of, key) = (parent.kind(), parent.folded_key());
                if store::resource::place(&mut work.scope(), of, &key).await?.is_none() {
                    fields.wrong("/parent", "unknown", "This resource is not registered.");
                    return Ok(None);
                }
                Some((of.to_owned(), key.into_owned()))
            }
        },
    };
    let attributes = serde_json::to_string(&draft.attributes).map_err(Problem::internal)?;
    Ok(Some(Resource {
        id: work.id(),
        kind: name.kind().to_owned(),
        key: name.key().to_owned(),
        key_folded: name.folded_key().into_owned(),
        name: draft.name.clone(),
        parent,
        status: draft.status.clone(),
        location: draft.location.clone(),
        attributes,
        url: draft.url.clone(),
        version: 1,
        created_at: work.at,
        updated_at: work.at,
    }))
}

/// The checks that need no registry; `None` when kind or key name nothing.
fn check_alone(
    fields: &mut Fields,
    platform: &Definition,
    draft: &Draft,
) -> Option<(KindIndex, ResourceRef)> {
    fields.text("/name", &draft.name, TEXT_MAX);
    fields.optional_text("/location", draft.location.as_deref(), TEXT_MAX);
    check_attributes(fields, &draft.attributes);
    check_url(fields, draft.url.as_deref());
    let index = platform.kind_index(&draft.kind);
    let index = fields.found(index, "/kind", "unknown", "The platform has no such kind.");
    if let Some(kind) = index.and_then(|index| platform.kind(index)) {
        check_status(fields, kind, draft.status.as_deref());
    }
    let name = ResourceRef::new(&draft.kind, &draft.key);
    if name == Err(NotAResource::Key) {
        fields.wrong("/key", "key", NotAResource::Key.to_string());
    }
    index.zip(name.ok())
}

fn check_status(fields: &mut Fields, kind: &ResourceKind, status: Option<&str>) {
    let Some(status) = status else { return };
    if kind.statuses.is_empty() {
        fields.text("/status", status, TEXT_MAX);
    } else if !kind.statuses.iter().any(|known| known == status) {
        let detail = format!("The statuses of this kind are: {}.", kind.statuses.join(", "));
        fields.wrong("/status", "unknown", detail);
    }
}

fn check_attributes(fields: &mut Fields, attributes: &Map<String, Value>) {
    if attributes.len() > ATTRIBUTES_MAX {
        let detail = format!("A resource has at most {ATTRIBUTES_MAX} attributes.");
        fields.wrong("/attributes", "length", detail);
        return;
    }
    for (name, value) in attributes {
        let pointer = format!("/attributes/{}", step(name));
        match value {
            Value::String(text) if text.chars().count() <= TEXT_MAX => {}
            Value::Number(_) | Value::Bool(_) | Value::Null => {}
            _ => {
                let detail = format!(
                    "An attribute is a text of up to {TEXT_MAX} characters, a number or \
                             a truth value."
                );
                fields.wrong(&pointer, "value", detail);
            }
        }
        if name.is_empty() || name.chars().count() > TEXT_MAX {
            fields.wrong(&pointer, "length", "The name of an attribute is empty or too long.");
        }
    }
}

fn check_url(fields: &mut Fields, text: Option<&str>) {
    let Some(text) = text else { return };
    let fits = text.len() <= URL_MAX
        && url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !fits {
        let detail = format!("Send an absolute http or https URL of up to {URL_MAX} letters.");
        fields.wrong("/url", "url", detail);
    }
}

/// The name of a parent in which the kind may lie. Kinds form no ring, so resources cannot either.
fn check_parent(
    fields: &mut Fields,
    platform: &Definition,
    kind: KindIndex,
    text: &str,
) -> Option<ResourceRef> {
    let parent = match ResourceRef::parse(text) {
        Ok(parent) => parent,
        Err(error) => {
            fields.wrong("/parent", "value", format!("A parent {error}."));
            return None;
        }
    };
    let of = platform.kind_index(parent.kind());
    if of.is_some_and(|of| platform.may_lie_in(kind, of)) {
        return Some(parent);
    }
    let allowed: Vec<&str> = platform
        .kind(kind)
        .into_iter()
        .flat_map(|kind| &kind.parents)
        .filter_map(|parent| platform.kind(*parent))
        .map(|kind| kind.key.as_str())
        .collect();
    let detail = if allowed.is_empty() {
        "A resource of this kind lies in no other.".to_owned()
    } else {
        format!("A resource of this kind lies in one of: {}.", allowed.join(", "))
    };
    fields.wrong("/parent", "kind", detail);
    None
}

/// Notes resources that stand in a batch twice, letter case aside.
pub(super) fn refuse_twice(fields: &mut Fields, drafts: &[Draft]) {
    let mut seen = HashSet::with_capacity(drafts.len());
    for (at, draft) in drafts.iter().enumerate() {
        if !seen.insert((draft.kind.as_str(), fold(&draft.key))) {
            let pointer = format!("/resources/{at}/key");
            fields.wrong(&pointer, "twice", "This resource stands in the batch twice.");
        }
    }
}

/// The places of a batch in an order in which parents come before what lies in them.
pub(super) fn parents_first(platform: &Definition, drafts: &[Draft]) -> Vec<usize> {
    let depth = |kind: &str| platform.kind_index(kind).map_or(0, |index| depth(platform, index));
    let mut order: Vec<(usize, usize)> =
        drafts.iter().enumerate().map(|(at, draft)| (depth(&draft.kind), at)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, at)| at).collect()
}

/// How many kinds a resource of this kind can lie in, one in the other. Kinds form no ring.
fn depth(platform: &Definition, index: KindIndex) -> usize {
    let parents = platform.kind(index).map(|kind| kind.parents.as_slice()).unwrap_or_default();
    parents.iter().map(|parent| 1 + depth(platform, *parent)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLATFORM: &str = "name='x'\nresource_kinds=[{key='site',label='S',plural='S'},\
        {key='box',label='B',plural='B',parents=['site'],statuses=['on','off']},\
        {key='camera',label='C',plural='C',parents=['box','site']}]\n\
        roles=[{key='o',label='O',scope='organization',keep_one=true,permissions=['*']}]";

    fn platform() -> Definition {
        Definition::parse(PLATFORM, "test").unwrap()
    }

    fn draft(kind: &str, key: &str) -> Draft {
        Draft {
            kind: kind.to_owned(),
            key: key.to_owned(),
            name: "n".to_owned(),
            ..Draft::default()
        }
    }

    fn pointers(draft: &Draft) -> Vec<String> {
        let mut fields = Fields::new();
        let _ = check_alone(&mut fields, &platform(), draft);
        fields.done().map_or_else(
            |problem| problem.errors.into_iter().map(|error| error.pointer).collect(),
            |()| Vec::new(),
        )
    }

    #[test]
    fn a_draft_that_fits_is_taken_and_each_wrong_field_is_pointed_to() {
        assert!(pointers(&draft("site", "lyon")).is_empty());
        assert_eq!(pointers(&draft("planet", "lyon")), ["/kind"]);
        assert_eq!(pointers(&draft("site", "a b")), ["/key"]);
        let wrong = Draft {
            name: String::new(),
            status: Some("x".to_owned()),
            location: Some("l".repeat(TEXT_MAX + 1)),
            attributes: json!({"a/b": []}).as_object().unwrap().clone(),
            url: Some("javascript:alert(1)".to_owned()),
            ..draft("box", "1")
        };
        let expected = ["/name", "/location", "/attributes/a~1b", "/url", "/status"];
        assert_eq!(pointers(&wrong), expected);
    }

    #[test]
    fn attributes_are_few_and_short() {
        let with = |count: usize, value: &str| Draft {
            attributes: (0..count).map(|at| (at.to_string(), json!(value))).collect(),
            ..draft("site", "lyon")
        };
        assert!(pointers(&with(ATTRIBUTES_MAX, &"v".repeat(TEXT_MAX))).is_empty());
        assert_eq!(pointers(&with(ATTRIBUTES_MAX + 1, "v")), ["/attributes"]);
        assert_eq!(pointers(&with(1, &"v".repeat(TEXT_MAX + 1))), ["/attributes/0"]);
    }

    #[test]
    fn a_parent_is_of_a_kind_that_this_kind_lies_in() {
        let platform = platform();
        let parent = |kind: &str, text: &str| {
            let index = platform.kind_index(kind).unwrap();
            check_parent(&mut Fields::new(), &platform, index, text).is_some()
        };
        assert!(parent("camera", "site:lyon") && parent("camera", "box:1"));
        for (kind, text) in
            [("site", "site:lyon"), ("box", "camera:1"), ("box", "planet:1"), ("box", "lyon")]
        {
            assert!(!parent(kind, text), "{kind} {text}");
        }
    }

    #[test]
    fn a_batch_is_written_parents_first_and_holds_nothing_twice() {
        let drafts =
            [draft("camera", "1"), draft("site", "a"), draft("box", "b"), draft("site", "A")];
        assert_eq!(parents_first(&platform(), &drafts), [1, 3, 2, 0]);
        let mut fields = Fields::new();
        refuse_twice(&mut fields, &drafts);
        assert_eq!(fields.done().unwrap_err().errors[0].pointer, "/resources/3/key");
    }
}
