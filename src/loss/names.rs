//! The names of one directory, one after the other in one piece of memory, in order.

use std::ffi::CStr;

/// The names of a directory, and which of them comes next.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Every name with the NUL behind it.
    text: Vec<u8>,
    /// Where each name begins and ends, with its NUL.
    spans: Vec<(usize, usize)>,
    next: usize,
}

impl Names {
    /// Adds a name at the end.
    pub(super) fn push(&mut self, name: &CStr) {
        let start = self.text.len();
        self.text.extend_from_slice(name.to_bytes_with_nul());
        self.spans.push((start, self.text.len()));
    }

    /// Puts the names into bytewise order.
    pub(super) fn sort(&mut self) {
        let text = &self.text;
        self.spans.sort_unstable_by_key(|&(start, end)| text.get(start..end));
    }

    /// The name that comes next.
    pub(super) fn peek(&self) -> Option<&CStr> {
        let (start, end) = *self.spans.get(self.next)?;
        CStr::from_bytes_with_nul(self.text.get(start..end)?).ok()
    }

    /// Goes on to the name after it.
    pub(super) fn advance(&mut self) {
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn names_come_back_in_bytewise_order(mut names in proptest::collection::vec("[^\0]{1,12}", 0..20)) {
            let mut list = Names::default();
            for name in &names {
                list.push(&std::ffi::CString::new(name.as_bytes()).unwrap());
            }
            list.sort();
            names.sort();
            let mut sorted = Vec::new();
            while let Some(name) = list.peek() {
                sorted.push(name.to_str().unwrap().to_owned());
                list.advance();
            }
            prop_assert_eq!(sorted, names);
        }
    }
}
