//! The names of one directory on either side or on both, in one piece of memory, in order.

use std::ffi::CStr;
use std::ops::BitOr;

/// The names of a directory, each once.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Every name with the NUL behind it.
    text: Vec<u8>,
    entries: Vec<Name>,
    /// How many of the root's names were passed while the blank's were put beside them.
    passed: usize,
}

#[derive(Debug, Clone, Copy)]
struct Name {
    /// Where it begins.
    start: usize,
    sides: Sides,
}

/// Which of the two trees have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sides {
    pub(super) root: bool,
    pub(super) blank: bool,
}

impl Sides {
    pub(super) const ROOT: Self = Self { root: true, blank: false };
    pub(super) const BLANK: Self = Self { root: false, blank: true };
    pub(super) const BOTH: Self = Self { root: true, blank: true };
}

impl BitOr for Sides {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self { root: self.root | other.root, blank: self.blank | other.blank }
    }
}

impl Names {
    /// Adds a name at the end.
    pub(super) fn push(&mut self, name: &CStr, sides: Sides) {
        self.entries.push(Name { start: self.text.len(), sides });
        self.text.extend_from_slice(name.to_bytes_with_nul());
    }

    /// Adds a name of the blank, when all of the root's are there. A snapshot lists its names in the
    /// order of the root, so most are found at once, and only half as many have to be sorted.
    pub(super) fn push_blank(&mut self, name: &CStr) {
        let bytes = name.to_bytes_with_nul();
        for place in self.passed..self.passed.saturating_add(2) {
            let Some(candidate) = self.entries.get_mut(place) else { break };
            let here = self.text.get(candidate.start..candidate.start + bytes.len());
            if candidate.sides == Sides::ROOT && here == Some(bytes) {
                candidate.sides = Sides::BOTH;
                self.passed = place + 1;
                return;
            }
        }
        self.push(name, Sides::BLANK);
    }

    /// Puts the names into bytewise order, each once.
    pub(super) fn sort(&mut self) {
        let text = &self.text;
        // No name has a NUL in it, so what stands behind the name does not change the order.
        let from = |name: &Name| text.get(name.start..);
        self.entries.sort_unstable_by(|a, b| from(a).cmp(&from(b)));
        self.entries.dedup_by(|next, kept| {
            let is_same = name_at(text, next.start) == name_at(text, kept.start);
            if is_same {
                kept.sides = kept.sides | next.sides;
            }
            is_same
        });
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The name at a place in the order, and who has it.
    pub(super) fn get(&self, at: usize) -> Option<(&CStr, Sides)> {
        let name = self.entries.get(at)?;
        Some((name_at(&self.text, name.start)?, name.sides))
    }

    /// Takes the last name off.
    pub(super) fn pop(&mut self) -> Option<&CStr> {
        let name = self.entries.pop()?;
        name_at(&self.text, name.start)
    }
}

fn name_at(text: &[u8], start: usize) -> Option<&CStr> {
    CStr::from_bytes_until_nul(text.get(start..)?).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::CString;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn names_come_back_in_bytewise_order_each_once_with_the_sides_that_have_it(
            root in proptest::collection::vec("[ab\u{1}\u{ff}]{1,2}", 0..12),
            blank in proptest::collection::vec("[ab\u{1}\u{ff}]{1,2}", 0..12),
            like_root in any::<bool>(),
        ) {
            let (mut list, mut expected) = (Names::default(), BTreeMap::new());
            let mut expect = |name: &CString, sides| {
                let entry = expected.entry(name.clone()).or_insert_with(Sides::default);
                *entry = *entry | sides;
            };
            let names = |names: &[String]| -> Vec<CString> {
                names.iter().map(|name| CString::new(name.as_bytes()).unwrap()).collect()
            };
            let root = names(&root);
            let blank = if like_root { [root.clone(), names(&blank)].concat() } else { names(&blank) };
            for name in &root {
                list.push(name, Sides::ROOT);
                expect(name, Sides::ROOT);
            }
            for name in &blank {
                list.push_blank(name);
                expect(name, Sides::BLANK);
            }
            list.sort();
            let sorted: Vec<(CString, Sides)> =
                (0..list.len()).map(|at| list.get(at).unwrap()).map(|(n, s)| (n.to_owned(), s)).collect();
            prop_assert_eq!(sorted, expected.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_blank_that_lists_its_names_in_the_order_of_the_root_adds_none() {
        let mut list = Names::default();
        for name in [c"b", c"new", c"a", c"c"] {
            list.push(name, Sides::ROOT);
        }
        for name in [c"b", c"a", c"c"] {
            list.push_blank(name);
        }
        assert_eq!(list.len(), 4);
        assert_eq!(list.entries.iter().filter(|name| name.sides == Sides::BOTH).count(), 3);
    }
}
