//! Store paths that look like those of Nix: a hash of what went in, in Nix's base 32. Pure.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Nix's alphabet: no e, o, t, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";

/// Collects what goes into a path.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    lanes: [DefaultHasher; 4],
}

impl Inputs {
    /// Adds one named input.
    pub(crate) fn add(&mut self, name: &str, content: &[u8]) {
        for (number, lane) in (0_u8..).zip(&mut self.lanes) {
            (number, name, content).hash(lane);
        }
    }

    /// Returns 32 characters that stand for all that was added.
    pub(crate) fn hash(&self) -> String {
        self.lanes
            .iter()
            .flat_map(|lane| lane.finish().to_be_bytes())
            .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
            .map(|character| char::from(*character))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_the_form_of_nixs_and_depends_on_every_input() {
        let mut one = Inputs::default();
        one.add("busybox", b"content");
        let mut other = Inputs::default();
        other.add("busybox", b"other content");
        assert_eq!(one.hash().len(), 32);
        assert!(one.hash().bytes().all(|byte| ALPHABET.contains(&byte)));
        assert_ne!(one.hash(), other.hash());
    }
}
