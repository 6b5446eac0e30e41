//! What a query means to each type that it lists, settled before anything is read.
//!
//! A lens holds where the rows of one type come from, what is still to be judged of each of them,
//! and which value decides their order.

use super::{Part, Search};
use crate::domain::id::UserId;
use crate::scim::catalog::ROLE;
use crate::scim::filter::{Expr, Filter, Literal, Lookup, Op, Resolved};
use crate::scim::sort::Sort;
use crate::scim::{ResourceType, ScimError};
use crate::store::filter::Source;

/// A query as one type sees it.
pub struct Lens {
    /// What is to be judged of each row; `None` when each row that is found matches.
    pub filter: Option<Resolved>,
    /// Where rows come from; `None` when nothing can match.
    pub source: Option<Source>,
    /// What decides the order; `None` where the type has no such attribute.
    pub sort: Option<Sort>,
}

/// A query as every type that it lists sees it.
pub(super) struct Plan<'a> {
    /// One for each type, in order.
    pub(super) lenses: Vec<Lens>,
    /// The filter as it was written.
    pub(super) filter: Option<&'a Filter>,
    /// The order; creation when there is none.
    pub(super) order: Option<Sort>,
    /// Which part is asked for.
    pub(super) part: Part,
}

impl<'a> Plan<'a> {
    /// Checks a query against the tables of the types.
    ///
    /// # Errors
    /// 400 `invalidFilter`, `invalidPath`, `invalidValue`.
    pub(super) fn of(types: &[&ResourceType], search: &Search<'a>) -> Result<Self, ScimError> {
        let sorts = sorts(types, search)?;
        let order = sorts.iter().flatten().next().cloned();
        let mut lenses = Vec::with_capacity(types.len());
        for (rt, sort) in types.iter().zip(sorts) {
            let (filter, source) = match search.filter {
                None => (None, Some(Source::All)),
                Some(filter) if types.len() == 1 => seen(filter, filter.resolve(rt)?, rt),
                Some(filter) => seen(filter, filter.resolve_among(rt)?, rt),
            };
            lenses.push(Lens { filter, source, sort });
        }
        Ok(Self { lenses, filter: search.filter, order, part: search.part.clone() })
    }

    /// Whether nothing can match.
    pub(super) fn finds_nothing(&self) -> bool {
        self.lenses.iter().all(|lens| lens.source.is_none())
    }

    /// Whether everything matches, in order of creation.
    pub(super) fn is_everything(&self) -> bool {
        let all = |lens: &Lens| lens.filter.is_none() && lens.source == Some(Source::All);
        self.order.is_none() && self.lenses.iter().all(all)
    }

    /// Whether rows are found by a key.
    pub(super) fn has_key(&self) -> bool {
        self.lenses.iter().any(|lens| lens.source.as_ref().is_some_and(|s| *s != Source::All))
    }

    /// Leaves the lens of the only type that can match, and tells which that is.
    pub(super) fn narrow_to_the_only_type(&mut self) -> Option<usize> {
        let mut live = (0..).zip(&self.lenses).filter(|(_, lens)| lens.source.is_some());
        let (only, _) = live.next()?;
        if live.next().is_some() {
            return None;
        }
        self.lenses = self.lenses.drain(only..).take(1).collect();
        Some(only)
    }
}

/// The order as each type sees it; an attribute that only some of the types have is unassigned in
/// the others.
fn sorts(types: &[&ResourceType], search: &Search<'_>) -> Result<Vec<Option<Sort>>, ScimError> {
    let mut refused = None;
    let mut sorts = Vec::with_capacity(types.len());
    for rt in types {
        match Sort::parse(search.sort_by, search.sort_order, rt) {
            Ok(sort) => sorts.push(sort),
            Err(error) => {
                refused.get_or_insert(error);
                sorts.push(None);
            }
        }
    }
    match refused {
        Some(error) if sorts.iter().all(Option::is_none) => Err(error),
        _ => Ok(sorts),
    }
}

/// What is to be judged of rows, and where they come from.
fn seen(
    filter: &Filter,
    resolved: Resolved,
    rt: &ResourceType,
) -> (Option<Resolved>, Option<Source>) {
    if resolved.is_never() {
        return (None, None);
    }
    if resolved.is_always() {
        return (None, Some(Source::All));
    }
    // Roles are in memory, where no index is needed.
    let source = if rt.name == ROLE.name { Some(Source::All) } else { source(&resolved) };
    let answered = source.as_ref().is_none_or(|source| {
        // The index has answered exactly what is nothing but one equality.
        *source != Source::All && is_lookup(filter.expr())
    });
    ((!answered).then_some(resolved), source)
}

/// Where candidates come from; `None` when nothing can match.
fn source(filter: &Resolved) -> Option<Source> {
    let id = |text: &str| {
        // Ids compare with letter case: only the spelling that we give out is one.
        let id = UserId::parse(text).ok().filter(|id| id.to_string() == text);
        id.map(|id| id.0)
    };
    Some(match filter.lookup() {
        None => Source::All,
        Some(Lookup::Id(text)) => Source::Id(id(&text)?),
        Some(Lookup::UserName(key)) => Source::UserName(key),
        Some(Lookup::ExternalId(text)) => Source::ExternalId(text),
        Some(Lookup::WorkEmail(key)) => Source::WorkEmail(key),
        Some(Lookup::AnyEmail(key)) => Source::Email(key),
        Some(Lookup::DisplayName(key)) => Source::DisplayName(key),
        Some(Lookup::Member(text) | Lookup::Group(text)) => Source::Membership(id(&text)?),
    })
}

/// Whether a filter is nothing but one equality.
const fn is_lookup(expr: &Expr) -> bool {
    matches!(expr, Expr::Compare(_, Op::Eq, Literal::Text(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::catalog::{GROUP, USER};
    use crate::scim::filter::parse;
    use crate::scim::page::Page;
    use crate::scim::{Dialect, ScimType};

    fn plan<'a>(
        types: &[&ResourceType],
        filter: Option<&'a Filter>,
        sort_by: Option<&'a str>,
    ) -> Result<Plan<'a>, ScimError> {
        let part = Part::Index(Page { start_index: 1, count: 1 });
        Plan::of(types, &Search { filter, sort_by, sort_order: None, part })
    }

    fn among(text: &str) -> (Vec<Option<Source>>, Vec<bool>) {
        let filter = parse(text, Dialect::Generic).unwrap();
        let plan = plan(&[&USER, &GROUP, &ROLE], Some(&filter), None).unwrap();
        let sources = plan.lenses.iter().map(|lens| lens.source.clone()).collect();
        (sources, plan.lenses.iter().map(|lens| lens.filter.is_some()).collect())
    }

    #[test]
    fn each_type_is_asked_only_for_what_it_can_have_c57_c73() {
        let all = Some(Source::All);
        assert_eq!(among(r#"meta.resourceType eq "User""#).0, [all.clone(), None, None]);
        let (sources, judged) = among(r#"userName eq "Ada""#);
        assert_eq!(sources, [Some(Source::UserName("ada".into())), None, None]);
        assert_eq!(judged, [false; 3]);
        let (sources, judged) = among(r#"displayName eq "X""#);
        let named = Some(Source::DisplayName("x".into()));
        assert_eq!(sources, [named.clone(), named, all.clone()]);
        assert_eq!(judged, [false, false, true]);
        let (sources, judged) = among("not (userName pr)");
        assert_eq!(sources, [all.clone(), all.clone(), all]);
        assert_eq!(judged, [true, false, false]);
        assert_eq!(among("colour pr").0, [None, None, None]);
    }

    #[test]
    fn an_order_must_be_known_to_one_of_the_types_d5() {
        let of = |by: &'static str| plan(&[&USER, &GROUP], None, Some(by)).map(|plan| plan.lenses);
        let known: Vec<bool> = of("userName").unwrap().iter().map(|l| l.sort.is_some()).collect();
        assert_eq!(known, [true, false]);
        assert_eq!(of("colour").err().and_then(|e| e.scim_type), Some(ScimType::InvalidPath));
        assert_eq!(of("password").err().and_then(|e| e.scim_type), Some(ScimType::InvalidPath));
    }
}
