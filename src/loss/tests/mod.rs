//! Tests of the pure middle: what becomes of a change, and which lines are made of many.

mod classify;
mod ending;
mod fold;
mod host;
mod properties;
mod text;

use super::rules::Holds;
use super::*;
use crate::config::{AcceptRule, How, Kind};
use crate::path::HostPath;

fn path(text: &str) -> HostPath {
    text.parse().unwrap()
}

fn change(text: &str, file_type: FileType) -> Change {
    let node =
        Node { file_type, size: 0, allocated: 0, mtime: Time { seconds: 7, nanoseconds: 0 } };
    Change { path: path(text), kind: ChangeKind::Added, node, extent: Extent::Itself }
}

fn dir(text: &str) -> Change {
    change(text, FileType::Directory)
}

fn file(text: &str, size: u64) -> Change {
    let mut file = change(text, FileType::Regular);
    file.node.size = size;
    file
}

fn entry(target: &str, kind: Kind, how: How, is_in_place: bool, holds: Holds) -> Placement {
    let source = path(target).below(&path("/persist"));
    Placement {
        target: path(target),
        source,
        kind,
        how,
        line: 9,
        is_in_place,
        source_holds: holds,
        is_on_root: true,
    }
}

fn accept(globs: &[&str]) -> Accept {
    let rule = |glob: &&str| AcceptRule { glob: (*glob).to_owned(), because: None, line: 1 };
    Accept::new(&globs.iter().map(rule).collect::<Vec<_>>(), "config.toml").unwrap()
}
