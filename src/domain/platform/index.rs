//! Small handles for the parts of a platform definition, and sets of permissions as bits.
//!
//! A decision compares integers only: keys are looked up once, at the edge. A handle means
//! something in the definition that gave it (roles: in the role table that gave it) and nowhere
//! else.

/// A permission's place in the display order of its definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionIndex(pub u16);

/// A role's place in its role table: the platform's roles first, custom ones after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleIndex(pub u16);

/// A resource kind's place in its definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindIndex(pub u16);

/// A licence level's place in its definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LevelIndex(pub u8);

impl PermissionIndex {
    /// The place as an offset.
    #[must_use]
    pub fn at(self) -> usize {
        usize::from(self.0)
    }
}

impl RoleIndex {
    /// The place as an offset.
    #[must_use]
    pub fn at(self) -> usize {
        usize::from(self.0)
    }
}

impl KindIndex {
    /// The place as an offset.
    #[must_use]
    pub fn at(self) -> usize {
        usize::from(self.0)
    }
}

const BITS: usize = u64::BITS as usize;

/// A set of permissions of one definition, one bit each.
#[derive(Clone, Default)]
pub struct PermissionSet {
    words: Vec<u64>,
}

impl PermissionSet {
    /// The set without members.
    #[must_use]
    pub const fn new() -> Self {
        Self { words: Vec::new() }
    }

    /// The first `count` permissions of a definition.
    #[must_use]
    pub fn first(count: usize) -> Self {
        (0..count).filter_map(|at| u16::try_from(at).ok().map(PermissionIndex)).collect()
    }

    /// Whether the permission is a member.
    #[must_use]
    pub fn contains(&self, permission: PermissionIndex) -> bool {
        let (word, bit) = (permission.at() / BITS, permission.at() % BITS);
        self.words.get(word).is_some_and(|word| word >> bit & 1 == 1)
    }

    /// Adds one permission.
    pub fn insert(&mut self, permission: PermissionIndex) {
        let (word, bit) = (permission.at() / BITS, permission.at() % BITS);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << bit;
        }
    }

    /// Takes one permission out.
    pub fn remove(&mut self, permission: PermissionIndex) {
        if let Some(word) = self.words.get_mut(permission.at() / BITS) {
            *word &= !(1 << (permission.at() % BITS));
        }
    }

    /// Adds every member of `other`.
    pub fn add_all(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Takes every member of `other` out.
    pub fn remove_all(&mut self, other: &Self) {
        for (word, less) in self.words.iter_mut().zip(&other.words) {
            *word &= !less;
        }
    }

    /// Whether every member of this set is one of `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|permission| other.contains(permission))
    }

    /// Whether it has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The members in display order.
    pub fn iter(&self) -> impl Iterator<Item = PermissionIndex> + '_ {
        let bits = self.words.len().saturating_mul(BITS);
        (0..bits)
            .filter_map(|at| u16::try_from(at).ok().map(PermissionIndex))
            .filter(|permission| self.contains(*permission))
    }
}

impl PartialEq for PermissionSet {
    /// Two sets are equal when they have the same members, however many words they keep.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for PermissionSet {}

impl std::fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(|permission| permission.0)).finish()
    }
}

impl FromIterator<PermissionIndex> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = PermissionIndex>>(permissions: I) -> Self {
        let mut set = Self::new();
        permissions.into_iter().for_each(|permission| set.insert(permission));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_across_words() {
        let mut set: PermissionSet = [0, 63, 64, 200].into_iter().map(PermissionIndex).collect();
        assert!(set.contains(PermissionIndex(64)));
        assert!(!set.contains(PermissionIndex(65)));
        assert!(!set.contains(PermissionIndex(u16::MAX)));
        set.remove(PermissionIndex(63));
        assert_eq!(set.iter().map(|p| p.0).collect::<Vec<_>>(), [0, 64, 200]);
    }

    #[test]
    fn sets_add_up_and_are_taken_apart() {
        let mut set = PermissionSet::first(3);
        let far: PermissionSet = [PermissionIndex(1), PermissionIndex(130)].into_iter().collect();
        set.add_all(&far);
        assert!(far.is_subset(&set));
        set.remove_all(&far);
        assert_eq!(set, [0, 2].into_iter().map(PermissionIndex).collect());
        assert!(!set.is_empty());
        assert!(PermissionSet::first(0).is_empty());
    }
}
