//! Drafts of rules to checked rules: everything that is wrong with one, at once.

use super::index::Reads;
use super::pattern::Pattern;
use super::profile::PROFILE;
use super::rule::{Each, EachDraft, Rule, RuleDraft};
use super::template::Template;
use super::trace::Trace;
use crate::domain::access::RoleTable;
use crate::domain::access::grant::{Spreading, spreading};
use crate::domain::id::{DirectoryId, RuleId};
use crate::domain::platform::{RoleIndex, nearest};
use crate::scim::Dialect;
use crate::scim::filter::{Expr, Filter, Literal, Op, Resolved, parse};
use crate::scim::locator::Locator;
use crate::scim::schema::Kind;

/// A name has at most this many characters.
pub const NAME_CHARS_MAX: usize = 200;
/// A rule has at most this many templates of resources.
pub const TEMPLATES_MAX: usize = 100;

/// What rules of an organization may name.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The organization's roles.
    pub roles: &'a RoleTable,
    /// Its directories.
    pub directories: &'a [DirectoryId],
}

/// One thing that is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where: `/resources/0`.
    pub pointer: String,
    /// The stable code.
    pub code: &'static str,
    /// Words for people, with the column where there is one.
    pub detail: String,
}

fn refuse(
    refusals: &mut Vec<Refusal>,
    pointer: impl Into<String>,
    code: &'static str,
    detail: impl Into<String>,
) {
    refusals.push(Refusal { pointer: pointer.into(), code, detail: detail.into() });
}

/// Checks a rule that is to have this id.
///
/// # Errors
/// Everything that is wrong with it.
pub fn check(id: RuleId, draft: &RuleDraft, terms: &Terms<'_>) -> Result<Rule, Vec<Refusal>> {
    let mut refusals = Vec::new();
    check_name(&draft.name, &mut refusals);
    let directory = check_directory(draft, terms, &mut refusals);
    let when = check_when(&draft.when, &mut refusals);
    let each = draft.each.as_ref().and_then(|each| check_each(each, &mut refusals));
    let role = check_role(&draft.role, terms, &mut refusals);
    let templates = check_templates(draft, each.as_ref(), &mut refusals);
    let spreading = role.and_then(|role| check_spreading(role, &templates, terms, &mut refusals));
    if draft.exclusive.as_ref().is_some_and(|what| what != "product") {
        refuse(&mut refusals, "/exclusive", "invalid", "must be `product`");
    }
    match (when, role, spreading) {
        (Some((filter, resolved)), Some(role), Some(spreading)) if refusals.is_empty() => {
            Ok(Rule {
                id,
                name: draft.name.clone(),
                position: draft.position,
                enabled: draft.enabled,
                directory,
                role,
                trace: Trace::of(filter.expr()),
                reads: Reads::of(filter.expr(), each.as_ref()),
                when: resolved,
                each,
                spreading,
                templates: templates.into_iter().map(|(_, template)| template).collect(),
                exclusive_in: draft.exclusive.as_ref().map(|_| products(role, terms.roles)),
            })
        }
        _ => Err(refusals),
    }
}

/// The products of a role; the empty word for a role without any.
fn products(role: RoleIndex, roles: &RoleTable) -> Vec<String> {
    let products = roles.role(role).map(|role| role.products.clone()).unwrap_or_default();
    if products.is_empty() { vec![String::new()] } else { products }
}

fn check_name(name: &str, refusals: &mut Vec<Refusal>) {
    if name.trim().is_empty() {
        refuse(refusals, "/name", "required", "is empty");
    } else if name.chars().count() > NAME_CHARS_MAX {
        let detail = format!("is longer than {NAME_CHARS_MAX} characters");
        refuse(refusals, "/name", "too-long", detail);
    } else if name.chars().any(char::is_control) {
        refuse(refusals, "/name", "invalid", "holds a control character");
    }
}

fn check_directory(
    draft: &RuleDraft,
    terms: &Terms<'_>,
    refusals: &mut Vec<Refusal>,
) -> Option<DirectoryId> {
    let Some(text) = &draft.directory else {
        if terms.directories.len() > 1 {
            let detail = "is required: the organization has several directories";
            refuse(refusals, "/directory", "required", detail);
        }
        return None;
    };
    let found = DirectoryId::parse(text).ok().filter(|id| terms.directories.contains(id));
    if found.is_none() {
        refuse(refusals, "/directory", "unknown", "the organization has no such directory");
    }
    found
}

fn check_when(text: &str, refusals: &mut Vec<Refusal>) -> Option<(Filter, Resolved)> {
    let parsed = parse(text, Dialect::Strict)
        .and_then(|filter| filter.resolve(&PROFILE).map(|resolved| (filter, resolved)));
    match parsed {
        Ok((filter, resolved)) => {
            if !is_positive(filter.expr()) {
                let detail = "each `or` branch needs a term outside `not` that something meets: \
                              absence alone gives nothing";
                refuse(refusals, "/when", "only-negative", detail);
            }
            Some((filter, resolved))
        }
        Err(error) => {
            refuse(refusals, "/when", "invalid-filter", error.detail.clone());
            None
        }
    }
}

/// Whether a filter needs something to be there, in each of its branches.
fn is_positive(expr: &Expr) -> bool {
    match expr {
        Expr::Or(parts) => parts.iter().all(is_positive),
        Expr::And(parts) => parts.iter().any(is_positive),
        Expr::Not(_) => false,
        Expr::Present(_) => true,
        Expr::Compare(_, Op::Ne, literal) => *literal == Literal::Null,
        Expr::Compare(_, _, literal) => *literal != Literal::Null,
        Expr::Element(_, inner) => is_positive(inner),
    }
}

fn check_each(draft: &EachDraft, refusals: &mut Vec<Refusal>) -> Option<Each> {
    let locator = Locator::parse(&draft.attribute, &PROFILE);
    let locator = match locator.map(Locator::at_value) {
        Ok(Some(at)) if is_text(&at) => Some(at),
        Ok(_) => {
            let detail = "must name an attribute of texts that can be read";
            refuse(refusals, "/each/attribute", "invalid-attribute", detail);
            None
        }
        Err(error) => {
            refuse(refusals, "/each/attribute", "unknown-attribute", error.detail);
            None
        }
    };
    let pattern = Pattern::parse(&draft.pattern)
        .map_err(|detail| refuse(refusals, "/each/pattern", "invalid-pattern", detail))
        .ok();
    Some(Each { attribute: draft.attribute.clone(), locator: locator?, pattern: pattern? })
}

fn is_text(at: &Locator) -> bool {
    let leaf = at.leaf();
    matches!(leaf.kind, Kind::String | Kind::Reference)
        && !leaf.is_hidden()
        && !at.attribute.is_hidden()
}

fn check_role(key: &str, terms: &Terms<'_>, refusals: &mut Vec<Refusal>) -> Option<RoleIndex> {
    let found = terms.roles.index(key);
    if found.is_none() {
        let known = terms.roles.iter().map(|(_, role)| role.key.as_str());
        let detail = match nearest(key, known) {
            Some(better) => format!("no such role (did you mean `{better}`?)"),
            None => "no such role".to_owned(),
        };
        refuse(refusals, "/role", "unknown", detail);
    }
    found
}

/// The templates that could be read, with their places.
fn check_templates(
    draft: &RuleDraft,
    each: Option<&Each>,
    refusals: &mut Vec<Refusal>,
) -> Vec<(usize, Template)> {
    let texts = draft.resources.as_deref().unwrap_or_default();
    if texts.len() > TEMPLATES_MAX {
        let detail = format!("has more than {TEMPLATES_MAX} items");
        refuse(refusals, "/resources", "too-many", detail);
        return Vec::new();
    }
    let mut templates = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let pointer = format!("/resources/{at}");
        match Template::parse(text) {
            Err(wrong) => refuse(refusals, pointer, wrong.code, wrong.detail),
            Ok(template) => {
                // A pattern that is wrong itself is refused already.
                let unknown = (draft.each.is_none() || each.is_some())
                    .then(|| unknown_capture(&template, each))
                    .flatten();
                if let Some(detail) = unknown {
                    refuse(refusals, pointer, "capture-unknown", detail);
                }
                templates.push((at, template));
            }
        }
    }
    templates
}

fn unknown_capture(template: &Template, each: Option<&Each>) -> Option<String> {
    let has = |name: &str| each.is_some_and(|each| each.pattern.names().any(|one| one == name));
    let name = template.captures().find(|name| !has(name))?;
    Some(match each {
        None => format!("`{{{name}}}` needs `each`, whose pattern captures it"),
        Some(_) => format!("the pattern of `each` has no capture named `{name}`"),
    })
}

fn check_spreading(
    role: RoleIndex,
    templates: &[(usize, Template)],
    terms: &Terms<'_>,
    refusals: &mut Vec<Refusal>,
) -> Option<Spreading> {
    let kinds = templates.iter().map(|(_, template)| template.kind());
    match spreading(terms.roles, role, kinds) {
        Ok(spreading) => Some(spreading),
        // Of templates that could not be read nothing more is said.
        Err(refused) if refused.at().is_none() && !refusals.is_empty() => None,
        Err(refused) => {
            let place = refused.at().and_then(|at| templates.get(at)).map(|(at, _)| *at);
            let pointer =
                place.map_or_else(|| "/resources".to_owned(), |at| format!("/resources/{at}"));
            refuse(refusals, pointer, refused.code(), refused.to_string());
            None
        }
    }
}
