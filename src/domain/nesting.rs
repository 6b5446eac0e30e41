//! Groups within groups: what may be nested into what, and what is reached through it (C45).
//!
//! The edges of an organization make no circle and no chain of more than [`DEPTH_MAX`] groups; both
//! are decided here, from values. Whoever changes edges must be alone in doing so.

use std::collections::{BTreeMap, BTreeSet};

use super::id::GroupId;

/// Groups of the longest chain in which each is a member of the next.
pub const DEPTH_MAX: usize = 16;
/// Memberships of groups in groups that an organization may have.
pub const NESTED_MAX: i64 = 100_000;

/// One group as a member of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The group that holds the other.
    pub group: GroupId,
    /// The group that is a member.
    pub member: GroupId,
}

/// Why groups cannot become members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The group would be a member of itself.
    Itself,
    /// These groups would each hold the next, and the last one the first.
    Circle(Vec<GroupId>),
    /// A chain of groups would be longer than [`DEPTH_MAX`].
    TooDeep,
}

/// Decides whether groups may become members of another. `above` holds every edge that is reached
/// upwards from the group, `below` every edge that is reached downwards from those who come.
///
/// # Errors
/// [`Refused`], the first reason that is found.
pub fn check(
    group: GroupId,
    come: &BTreeSet<GroupId>,
    above: &[Edge],
    below: &[Edge],
) -> Result<(), Refused> {
    if come.contains(&group) {
        return Err(Refused::Itself);
    }
    let down = index(below.iter().map(|edge| (edge.group, edge.member)));
    if let Some(mut path) = path(come, group, &down) {
        path.insert(0, group);
        return Err(Refused::Circle(path));
    }
    let up = index(above.iter().map(|edge| (edge.member, edge.group)));
    let chain = levels(&BTreeSet::from([group]), &up) + levels(come, &down);
    if come.is_empty() || chain <= DEPTH_MAX { Ok(()) } else { Err(Refused::TooDeep) }
}

type Index = BTreeMap<GroupId, Vec<GroupId>>;

/// The ways up, for many groups to be asked about.
#[derive(Debug)]
pub struct Above(Index);

impl Above {
    /// The ways that these edges make.
    #[must_use]
    pub fn new(edges: impl Iterator<Item = Edge>) -> Self {
        Self(index(edges.map(|edge| (edge.member, edge.group))))
    }

    /// The groups that hold one of these, directly or through others; those themselves are not
    /// among them.
    #[must_use]
    pub fn of(&self, start: &BTreeSet<GroupId>) -> BTreeSet<GroupId> {
        let mut found = BTreeSet::new();
        let mut waiting: Vec<GroupId> = start.iter().copied().collect();
        while let Some(group) = waiting.pop() {
            for next in self.0.get(&group).into_iter().flatten() {
                if !start.contains(next) && found.insert(*next) {
                    waiting.push(*next);
                }
            }
        }
        found
    }
}

fn index(pairs: impl Iterator<Item = (GroupId, GroupId)>) -> Index {
    let mut index = Index::new();
    for (from, to) in pairs {
        index.entry(from).or_default().push(to);
    }
    index
}

/// The way from one of these groups to another, without the last one.
fn path(start: &BTreeSet<GroupId>, end: GroupId, index: &Index) -> Option<Vec<GroupId>> {
    let mut came: BTreeMap<GroupId, Option<GroupId>> =
        start.iter().map(|group| (*group, None)).collect();
    let mut waiting: Vec<GroupId> = start.iter().copied().collect();
    while let Some(group) = waiting.pop() {
        for next in index.get(&group).into_iter().flatten() {
            if *next == end {
                let mut way = vec![group];
                let mut at = group;
                while let Some(Some(before)) = came.get(&at) {
                    way.push(*before);
                    at = *before;
                }
                way.reverse();
                return Some(way);
            }
            came.entry(*next).or_insert_with(|| {
                waiting.push(*next);
                Some(group)
            });
        }
    }
    None
}

/// Groups on the longest way from these on; counted no further than past [`DEPTH_MAX`].
fn levels(start: &BTreeSet<GroupId>, index: &Index) -> usize {
    let (mut level, mut here) = (0, start.clone());
    while !here.is_empty() && level <= DEPTH_MAX {
        level += 1;
        here = here.iter().filter_map(|group| index.get(group)).flatten().copied().collect();
    }
    level
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> GroupId {
        GroupId(Uuid::from_u128(number))
    }

    fn ids(numbers: &[u128]) -> BTreeSet<GroupId> {
        numbers.iter().map(|number| id(*number)).collect()
    }

    /// Each pair says that the first holds the second.
    fn edges(pairs: &[(u128, u128)]) -> Vec<Edge> {
        pairs
            .iter()
            .map(|(group, member)| Edge { group: id(*group), member: id(*member) })
            .collect()
    }

    /// A chain in which each number holds the next.
    fn chain(numbers: std::ops::Range<u128>) -> Vec<Edge> {
        edges(&numbers.clone().zip(numbers.skip(1)).collect::<Vec<_>>())
    }

    #[test]
    fn a_group_is_no_member_of_itself() {
        assert_eq!(check(id(1), &ids(&[2, 1]), &[], &[]), Err(Refused::Itself));
        assert_eq!(check(id(1), &ids(&[2]), &[], &[]), Ok(()));
        assert_eq!(check(id(1), &ids(&[]), &[], &[]), Ok(()));
    }

    #[test]
    fn a_circle_is_refused_with_every_group_on_it() {
        let below = edges(&[(2, 3), (2, 4), (4, 5), (5, 1), (1, 9)]);
        let circle = Refused::Circle(vec![id(1), id(2), id(4), id(5)]);
        assert_eq!(check(id(1), &ids(&[2]), &[], &below), Err(circle));
        // Two ways to one group are no circle.
        let diamond = edges(&[(2, 4), (3, 4)]);
        assert_eq!(check(id(1), &ids(&[2, 3]), &[], &diamond), Ok(()));
    }

    #[test]
    fn a_chain_may_be_as_long_as_the_limit_and_no_longer() {
        let top = u128::try_from(DEPTH_MAX).unwrap();
        // Groups 1 to 10 stand above each other, 11 to the limit too: together they are a chain.
        let (above, below) = (chain(1..11), chain(11..top + 1));
        assert_eq!(check(id(10), &ids(&[11]), &above, &below), Ok(()));
        let below = chain(11..top + 2);
        assert_eq!(check(id(10), &ids(&[11]), &above, &below), Err(Refused::TooDeep));
        // The longest way counts, not the first.
        let mut below = chain(11..top + 2);
        below.push(Edge { group: id(11), member: id(top + 1) });
        assert_eq!(check(id(10), &ids(&[11]), &above, &below), Err(Refused::TooDeep));
    }

    #[test]
    fn what_holds_a_group_is_found_through_every_group_between() {
        let edges = edges(&[(1, 2), (2, 3), (4, 3), (5, 4), (1, 5), (7, 8)]);
        let above = Above::new(edges.into_iter());
        assert_eq!(above.of(&ids(&[3])), ids(&[1, 2, 4, 5]));
        assert_eq!(above.of(&ids(&[2, 3])), ids(&[1, 4, 5]));
        assert_eq!(above.of(&ids(&[1])), ids(&[]));
    }
}
