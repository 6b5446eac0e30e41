//! The resources of one organization in memory: by kind and key, each with the one it lies in.
//!
//! A grant may name a resource that is not registered (any more, or not yet), so names are
//! interned apart from being registered: a name that is not registered covers nothing, and a
//! grant on it comes alive when the resource does.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::rows::ResourceRow;
use crate::domain::platform::{Definition, KindIndex, nearest};
use crate::domain::resource::{ResourceRef, fold};

/// A resource's place in the registry of its snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceIndex(u32);

/// A way up from a resource has at most as many steps as a definition has kinds.
const DEPTH_MAX: usize = 32;

#[derive(Clone, Debug)]
struct Node {
    kind: KindIndex,
    /// As it was sent.
    key: Arc<str>,
    folded: Arc<str>,
    registered: bool,
    parent: Option<ResourceIndex>,
}

/// Resources by kind and key.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    nodes: Vec<Node>,
    /// By kind, then folded key.
    names: Vec<BTreeMap<Arc<str>, ResourceIndex>>,
}

impl Registry {
    /// Registers a resource, or changes where it lies; names of unknown kinds are passed over.
    pub fn put(
        &mut self,
        definition: &Definition,
        resource: &ResourceRef,
        parent: Option<&ResourceRef>,
    ) {
        let parent = parent.and_then(|parent| self.intern(definition, parent));
        let Some(index) = self.intern(definition, resource) else { return };
        if let Some(node) = self.node_mut(index) {
            if *node.key != *resource.key() {
                node.key = Arc::from(resource.key());
            }
            node.registered = true;
            node.parent = parent;
        }
    }

    /// Takes a resource out; grants on it cover nothing from now on.
    pub fn remove(&mut self, definition: &Definition, resource: &ResourceRef) {
        let found = self.find(definition, resource.kind(), resource.key());
        if let Some(node) = found.and_then(|index| self.node_mut(index)) {
            node.registered = false;
            node.parent = None;
        }
    }

    /// The registered resource of this kind and key, whatever the letter case of the key.
    #[must_use]
    pub fn find(&self, definition: &Definition, kind: &str, key: &str) -> Option<ResourceIndex> {
        let kind = definition.kind_index(kind)?;
        let index = *self.names.get(kind.at())?.get(&*fold(key))?;
        self.node(index).is_some_and(|node| node.registered).then_some(index)
    }

    /// The handle of a name, which need not be registered; `None` when its kind is unknown.
    pub(super) fn intern(
        &mut self,
        definition: &Definition,
        resource: &ResourceRef,
    ) -> Option<ResourceIndex> {
        let kind = definition.kind_index(resource.kind())?;
        let folded = resource.folded_key();
        if self.names.len() <= kind.at() {
            self.names.resize_with(kind.at() + 1, BTreeMap::new);
        }
        let names = self.names.get_mut(kind.at())?;
        if let Some(known) = names.get(&*folded) {
            return Some(*known);
        }
        let index = ResourceIndex(u32::try_from(self.nodes.len()).ok()?);
        let key: Arc<str> = Arc::from(resource.key());
        let folded = if *key == *folded { Arc::clone(&key) } else { Arc::from(&*folded) };
        names.insert(Arc::clone(&folded), index);
        self.nodes.push(Node { kind, key, folded, registered: false, parent: None });
        Some(index)
    }

    fn node(&self, index: ResourceIndex) -> Option<&Node> {
        self.nodes.get(usize::try_from(index.0).ok()?)
    }

    fn node_mut(&mut self, index: ResourceIndex) -> Option<&mut Node> {
        self.nodes.get_mut(usize::try_from(index.0).ok()?)
    }

    /// The resource and what it lies in, as far up as there are registered ones.
    pub(super) fn way_up(
        &self,
        resource: ResourceIndex,
    ) -> impl Iterator<Item = (ResourceIndex, KindIndex, &str)> {
        let registered = |index| self.node(index).filter(|node| node.registered);
        let first = registered(resource).map(|node| (resource, node));
        std::iter::successors(first, move |(_, node)| {
            let parent = node.parent?;
            Some((parent, registered(parent)?))
        })
        .map(|(index, node)| (index, node.kind, &*node.folded))
        .take(DEPTH_MAX)
    }

    /// Kind and key, as it was sent, of a resource.
    #[must_use]
    pub fn name(&self, index: ResourceIndex) -> Option<(KindIndex, &str)> {
        self.node(index).map(|node| (node.kind, &*node.key))
    }

    /// The one it lies in.
    #[must_use]
    pub fn parent(&self, index: ResourceIndex) -> Option<ResourceIndex> {
        self.node(index)?.parent
    }

    /// Every registered resource as a row, to build another registry with.
    #[must_use]
    pub fn rows(&self, definition: &Definition) -> Vec<ResourceRow> {
        let name = |node: &Node| {
            let kind = definition.kind(node.kind)?;
            ResourceRef::new(&kind.key, &node.key).ok()
        };
        let row = |node: &Node| {
            let parent = node.parent.and_then(|parent| name(self.node(parent)?));
            Some(ResourceRow { resource: name(node)?, parent })
        };
        self.nodes.iter().filter(|node| node.registered).filter_map(row).collect()
    }

    /// Registered resources of a kind in the order of their folded keys, after one of them.
    pub fn of_kind(
        &self,
        kind: KindIndex,
        after: Option<&str>,
    ) -> impl Iterator<Item = (ResourceIndex, &str)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = after.map(fold);
        let from = from.as_deref().map_or(Unbounded, Excluded);
        let range = self.names.get(kind.at()).map(|names| names.range::<str, _>((from, Unbounded)));
        range.into_iter().flatten().filter_map(|(_, index)| {
            let node = self.node(*index).filter(|node| node.registered)?;
            Some((*index, &*node.key))
        })
    }

    /// The registered key of a kind that is nearest to `key`, when one is near.
    #[must_use]
    pub fn nearest(&self, definition: &Definition, kind: &str, key: &str) -> Option<&str> {
        let names = self.names.get(definition.kind_index(kind)?.at())?;
        let registered = |index: &ResourceIndex| self.node(*index).filter(|node| node.registered);
        let known = names.values().filter_map(registered).map(|node| &*node.folded);
        let found = nearest(&fold(key), known)?;
        names.get(found).and_then(registered).map(|node| &*node.key)
    }
}
