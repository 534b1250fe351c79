//! Where in the tree something lies, as a chain of names: a path is put together only when something
//! has to be told of it.

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use crate::path::HostPath;

/// A directory of the tree.
#[derive(Debug)]
pub(super) struct Trail {
    above: Option<Arc<Trail>>,
    name: CString,
}

impl Trail {
    /// The directory in which everything lies: its path on the host, without the leading slash.
    pub(super) fn top(path: &HostPath) -> Arc<Self> {
        let bytes = if path.is_root() { &[] } else { path.relative().as_bytes() };
        let name = CString::new(bytes).unwrap_or_default();
        Arc::new(Self { above: None, name })
    }

    /// The directory `name` in it.
    pub(super) fn down(self: &Arc<Self>, name: CString) -> Arc<Self> {
        Arc::new(Self { above: Some(Arc::clone(self)), name })
    }

    /// Its path on the host.
    pub(super) fn path(&self) -> HostPath {
        let chain = std::iter::successors(Some(self), |trail| trail.above.as_deref());
        let mut names: Vec<&[u8]> = chain.map(|trail| trail.name.to_bytes()).collect();
        names.reverse();
        names.retain(|name| !name.is_empty());
        if names.is_empty() {
            return HostPath::root();
        }
        HostPath::root().join(OsStr::from_bytes(&names.join(&b'/')))
    }
}

impl Drop for Trail {
    /// One after the other: a chain of a hundred thousand names would not fit on the stack.
    fn drop(&mut self) {
        let mut above = self.above.take();
        while let Some(trail) = above {
            above = Arc::into_inner(trail).and_then(|mut trail| trail.above.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_put_together_from_the_top_down() {
        for (top, path) in [("/", "/a/b"), ("/x/y", "/x/y/a/b")] {
            let top = Trail::top(&top.parse().unwrap());
            assert_eq!(top.down(c"a".into()).down(c"b".into()).path(), path.parse().unwrap());
        }
        assert_eq!(Trail::top(&HostPath::root()).path(), HostPath::root());
    }

    #[test]
    fn a_chain_of_any_length_is_let_go() {
        let mut trail = Trail::top(&HostPath::root());
        for _ in 0..1_000_000 {
            trail = trail.down(c"d".into());
        }
        drop(trail);
    }
}
