//! Any order of a set of creates that refer to each other gives the same graph (C137).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Made, REQUEST_URN, Verb, parse, plan};
use crate::scim::catalog::{ENTERPRISE_URN, GROUP};
use crate::scim::{Dialect, Notes, json as scim_json};

/// Who refers to whom, by name.
type Graph = BTreeMap<String, BTreeSet<String>>;

const NODES: usize = 8;

fn name(node: usize) -> String {
    format!("n{node}")
}

/// Creates of groups that refer to each other; those with an even number at most to one, as
/// managers do.
fn operations(edges: &[(usize, usize)]) -> Vec<Value> {
    let refers = |node: usize| {
        let of = edges.iter().filter(move |(from, _)| *from == node);
        of.map(|(_, to)| json!({"value": format!("bulkId:{}", name(*to))}))
    };
    let one = |node: usize| {
        let (path, data) = if node.is_multiple_of(2) {
            let manager = refers(node).next().unwrap_or(Value::Null);
            ("/Users", json!({"userName": name(node), ENTERPRISE_URN: {"manager": manager}}))
        } else {
            let members: Vec<Value> = refers(node).collect();
            ("/Groups", json!({"displayName": name(node), "members": members}))
        };
        json!({"method": "POST", "path": path, "bulkId": name(node), "data": data})
    };
    (0..NODES).map(one).collect()
}

/// The ids that a body names.
fn ids(mut body: Map<String, Value>, is_patch: bool) -> Vec<String> {
    let mut found = Vec::new();
    for rt in [&GROUP, &crate::scim::catalog::USER] {
        let visit: &mut dyn FnMut(&mut String) = &mut |id| found.push(id.clone());
        if is_patch {
            super::reference::in_patch(&mut body, rt, Dialect::Generic, visit);
        } else {
            super::reference::in_body(&mut body, rt, visit);
        }
    }
    found
}

/// Runs a request over a memory that refuses to refer to what is not there.
fn run(operations: Vec<Value>) -> Graph {
    let body = json!({"schemas": [REQUEST_URN], "Operations": operations});
    let body = scim_json::read_object(body.to_string().as_bytes()).unwrap();
    let bulk = parse(body, Dialect::Generic, &mut Notes::default()).unwrap();
    let (mut made, mut graph) = (Made::default(), Graph::new());
    let add = |graph: &mut Graph, id: &str, ids: Vec<String>| {
        for to in ids {
            assert!(graph.contains_key(&to), "{id} refers to {to}, which is not there");
            graph.get_mut(id).unwrap().insert(to);
        }
    };
    for unit in plan(&bulk.operations) {
        let held = unit.positions().iter().map(|at| &bulk.operations[*at]);
        let circle: HashSet<&str> = held.clone().filter_map(|op| op.bulk_id.as_deref()).collect();
        let mut later = Vec::new();
        for operation in held {
            let (call, name) = (operation.call.as_ref().unwrap(), operation.bulk_id.as_ref());
            let body = match &call.verb {
                Verb::Create(body) => Some(body),
                _ => None,
            };
            let (body, name) = (body.expect("only creates"), name.expect("a create has a name"));
            let draft = made.draft(body, call.rt, &|name| circle.contains(name)).unwrap();
            assert!(unit.is_circular() || draft.later.is_none());
            let id = format!("id-{name}");
            graph.insert(id.clone(), BTreeSet::new());
            add(&mut graph, &id, ids(draft.body, false));
            made.note(operation, Some(id.clone()));
            later.extend(draft.later.map(|patch| (id, call.rt, patch)));
        }
        for (id, rt, patch) in later {
            let patch = made.patch(&patch, rt, Dialect::Strict).unwrap();
            add(&mut graph, &id, ids(patch, true));
        }
    }
    graph
}

proptest! {
    #[test]
    fn any_order_of_creates_gives_the_same_graph_c137(
        edges in prop::collection::vec((0..NODES, 0..NODES), 0..16),
        order in Just((0..NODES).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let operations = operations(&edges);
        let shuffled = order.iter().map(|at| operations[*at].clone()).collect();
        let graph = run(operations);
        for (from, to) in &edges {
            let of_group = from % 2 == 1;
            let named = graph[&format!("id-{}", name(*from))].contains(&format!("id-{}", name(*to)));
            prop_assert!(named || !of_group);
        }
        prop_assert_eq!(run(shuffled), graph);
    }
}
