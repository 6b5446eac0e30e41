//! In which order operations run (C137, C143).
//!
//! They run in the order of the request, but for those that refer to what a later one makes: such
//! an operation waits until that is made. Operations on one resource keep their order. Creates that
//! refer to each other in a circle become one unit, made in two phases.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use super::{Operation, Target};

/// Operations that run together: one, or a circle of creates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    positions: Vec<usize>,
    circular: bool,
}

impl Unit {
    /// The positions of its operations in the request, ascending.
    #[must_use]
    pub fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// Whether its creates refer to each other, or to themselves.
    #[must_use]
    pub const fn is_circular(&self) -> bool {
        self.circular
    }
}

/// Orders the operations of a request; each stands in exactly one unit.
#[must_use]
pub fn plan(operations: &[Operation]) -> Vec<Unit> {
    let needs = needs(operations);
    let (unit_of, members) = circles(&needs);
    let mut waits: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); members.len()];
    let mut wakes: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); members.len()];
    for (unit, needed) in unit_of.iter().zip(&needs) {
        for other in needed.iter().filter_map(|needed| unit_of.get(*needed)) {
            if other != unit
                && let (Some(waits), Some(wakes)) = (waits.get_mut(*unit), wakes.get_mut(*other))
            {
                waits.insert(*other);
                wakes.insert(*unit);
            }
        }
    }
    // A circle stands where the last of its operations does.
    let place = |unit: usize| members.get(unit).and_then(|held| held.last()).copied();
    let mut ready: BinaryHeap<Reverse<(Option<usize>, usize)>> = BinaryHeap::new();
    for (unit, waits) in waits.iter().enumerate() {
        if waits.is_empty() {
            ready.push(Reverse((place(unit), unit)));
        }
    }
    let mut order = Vec::with_capacity(members.len());
    while let Some(Reverse((_, unit))) = ready.pop() {
        for woken in wakes.get(unit).into_iter().flatten() {
            let Some(waits) = waits.get_mut(*woken) else { continue };
            if waits.remove(&unit) && waits.is_empty() {
                ready.push(Reverse((place(*woken), *woken)));
            }
        }
        let positions = members.get(unit).cloned().unwrap_or_default();
        let itself = |at: &usize| needs.get(*at).is_some_and(|needs| needs.contains(at));
        let circular = positions.len() > 1 || positions.iter().any(itself);
        order.push(Unit { positions, circular });
    }
    order
}

/// For each operation the positions of those that must run before it, or together with it.
fn needs(operations: &[Operation]) -> Vec<BTreeSet<usize>> {
    let makers: HashMap<&str, usize> = operations
        .iter()
        .enumerate()
        .filter(|(_, operation)| operation.makes())
        .filter_map(|(at, operation)| Some((operation.bulk_id.as_deref()?, at)))
        .collect();
    let mut last_on: HashMap<(&str, &Target), usize> = HashMap::new();
    let mut needs = Vec::with_capacity(operations.len());
    for (at, operation) in operations.iter().enumerate() {
        let mut needed = BTreeSet::new();
        if let Ok(call) = &operation.call {
            needed.extend(call.refers.iter().filter_map(|name| makers.get(name.as_str())));
            if let Some(target) = call.target() {
                if let Target::Made(name) = target {
                    needed.extend(makers.get(name.as_str()));
                }
                needed.extend(last_on.insert((call.rt.name, target), at));
            }
        }
        needs.push(needed);
    }
    needs
}

/// Where a walk stands: an operation, and which of its needs comes next.
struct Step {
    at: usize,
    next: Vec<usize>,
}

/// Sorts operations into strongly connected parts (Tarjan, without recursion): the part of each
/// operation, and the operations of each part, ascending.
fn circles(needs: &[BTreeSet<usize>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    const UNSEEN: usize = usize::MAX;
    let count = needs.len();
    let (mut number, mut lowest) = (vec![UNSEEN; count], vec![UNSEEN; count]);
    let (mut part_of, mut parts) = (vec![UNSEEN; count], Vec::new());
    let (mut numbered, mut open) = (0, Vec::new());
    let get = |table: &[usize], at: usize| table.get(at).copied().unwrap_or(UNSEEN);
    let lower = |table: &mut [usize], at: usize, to: usize| {
        if let Some(held) = table.get_mut(at) {
            *held = to.min(*held);
        }
    };
    for root in 0..count {
        let mut walk = Vec::new();
        if get(&number, root) == UNSEEN {
            walk.push(Step { at: root, next: Vec::new() });
        }
        while let Some(Step { at, next }) = walk.last_mut() {
            let at = *at;
            if get(&number, at) == UNSEEN {
                lower(&mut number, at, numbered);
                lower(&mut lowest, at, numbered);
                numbered += 1;
                open.push(at);
                next.extend(needs.get(at).into_iter().flatten());
            }
            if let Some(needed) = next.pop() {
                if get(&number, needed) == UNSEEN {
                    walk.push(Step { at: needed, next: Vec::new() });
                } else if get(&part_of, needed) == UNSEEN {
                    lower(&mut lowest, at, get(&number, needed));
                }
                continue;
            }
            walk.pop();
            let low = get(&lowest, at);
            if let Some(above) = walk.last() {
                lower(&mut lowest, above.at, low);
            }
            if low == get(&number, at) {
                let begin = open.iter().rposition(|held| *held == at).unwrap_or_default();
                let mut part = open.split_off(begin);
                part.sort_unstable();
                part.iter().for_each(|held| lower(&mut part_of, *held, parts.len()));
                parts.push(part);
            }
        }
    }
    (part_of, parts)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::scim::bulk::{REQUEST_URN, parse};
    use crate::scim::{Dialect, Notes};

    /// A create of a group that refers to these.
    fn made(name: &str, refers: &[&str]) -> Value {
        let members: Vec<Value> =
            refers.iter().map(|name| json!({"value": format!("bulkId:{name}")})).collect();
        json!({"method": "POST", "path": "/Groups", "bulkId": name, "data": {"members": members}})
    }

    fn gone(path: &str) -> Value {
        json!({"method": "DELETE", "path": path})
    }

    fn planned(operations: &[Value]) -> Vec<Vec<usize>> {
        let body = json!({"schemas": [REQUEST_URN], "Operations": operations});
        let body = body.as_object().unwrap().clone();
        let bulk = parse(body, Dialect::Generic, &mut Notes::default()).unwrap();
        let units = plan(&bulk.operations);
        for unit in &units {
            assert!(unit.is_circular() || unit.positions().len() == 1);
        }
        units.into_iter().map(|unit| unit.positions).collect()
    }

    #[test]
    fn without_references_the_order_of_the_request_stands() {
        let order =
            planned(&[made("b", &[]), gone("/Users/1"), made("a", &["b"]), gone("/Users/1")]);
        assert_eq!(order, [[0], [1], [2], [3]]);
    }

    #[test]
    fn who_refers_forward_waits_and_nobody_is_pulled_ahead_c137() {
        let order = planned(&[
            made("g", &["u", "v"]),
            gone("/Users/1"),
            made("u", &["v"]),
            gone("/Users/2"),
            made("v", &[]),
            gone("/Users/3"),
        ]);
        assert_eq!(order, [[1], [3], [4], [2], [0], [5]]);
    }

    #[test]
    fn operations_on_one_resource_keep_their_order_c143() {
        let patch = |path: &str, name: &str| {
            let members = json!([{"value": format!("bulkId:{name}")}]);
            let value = json!([{"op": "add", "path": "members", "value": members}]);
            json!({"method": "PATCH", "path": path, "data": {"Operations": value}})
        };
        // The first waits, so the second and third on the same group wait behind it.
        let order = planned(&[
            patch("/Groups/1", "u"),
            gone("/Groups/1"),
            patch("/Groups/2", "u"),
            gone("/Groups/3"),
            made("u", &[]),
        ]);
        assert_eq!(order, [[3], [4], [0], [1], [2]]);
        let order = planned(&[gone("/Groups/bulkId:g"), made("g", &[]), gone("/Groups/bulkId:g")]);
        assert_eq!(order, [[1], [0], [2]]);
    }

    #[test]
    fn a_circle_is_one_unit_where_its_last_operation_stands_c137() {
        let order = planned(&[
            made("a", &["b"]),
            gone("/Users/1"),
            made("b", &["c"]),
            made("x", &["a"]),
            made("c", &["a"]),
            made("y", &[]),
            made("self", &["self"]),
        ]);
        assert_eq!(order, [vec![1], vec![0, 2, 4], vec![3], vec![5], vec![6]]);
    }

    #[test]
    fn a_long_chain_and_a_large_circle_need_no_stack() {
        let name = |at: usize| format!("n{at}");
        let chain = |last: usize| -> Vec<Value> {
            (0..1000).map(|at| made(&name(at), &[&name((at + 1).min(last))])).collect()
        };
        let mut order = planned(&chain(1000));
        order.reverse();
        assert_eq!(order, (0..1000).map(|at| vec![at]).collect::<Vec<_>>());
        let mut circle = chain(999);
        circle[999] = made("n999", &["n0"]);
        assert_eq!(planned(&circle), [(0..1000).collect::<Vec<_>>()]);
    }
}
