//! Why an entry is not touched. Every sentence ends in the cure.

use std::fmt;

use crate::config::Kind;
use crate::path::HostPath;
use crate::persist::paste::shell;
use crate::sys::{Difference, Hold, Look, Writer};

/// Why an entry is not touched, and the cure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is explained by its sentence")]
pub enum Refusal {
    #[error("{source_path} is a {found}, not a {kind}; move it away, or mend line {line}")]
    SourceIsOther { source_path: HostPath, found: String, kind: Kind, line: usize },
    #[error(
        "{blocker} is a symlink or no directory, and is not followed; declare the path that it leads to"
    )]
    Blocked { blocker: HostPath },
    #[error(
        "{target} and {source_path} both hold data and differ, first in the {what} of {at}; compare the two, move one of them away, and run `blankslate apply`",
        what = difference.what,
        at = difference.path
    )]
    WouldHide { target: HostPath, source_path: HostPath, difference: Difference },
    #[error("{target} is a {found} and stands in the way; move it away and run `blankslate apply`")]
    InTheWay { target: HostPath, found: String },
    #[error(
        "{target} is a symlink to {to}, not to {source_path}; remove the symlink and run `blankslate apply`"
    )]
    OtherLink { target: HostPath, to: String, source_path: HostPath },
    #[error("something else is mounted on {target}; unmount it and run `blankslate apply`")]
    OtherMount { target: HostPath },
    #[error(
        "{target} still shows what lay at {source_path} before that was replaced or removed; copy out of {target} what you need, then run `umount {}` and `blankslate apply`",
        shell(target.as_bytes())
    )]
    OldInode { target: HostPath, source_path: HostPath },
    #[error(
        "{inner} below it is a mount point, which it would cover; unmount that, or declare {inner} as well"
    )]
    CoversMount { inner: HostPath },
    #[error(
        "{target} holds data, and the entry {inner} below it is in place already; move what the store needs by hand, or reboot: the next boot copies that data beside what the store holds"
    )]
    CoversEntry { target: HostPath, inner: HostPath },
    #[error(
        "the entry {outer} around it holds data that is not in the store yet; see to that one first"
    )]
    OuterFirst { outer: HostPath },
    #[error(
        "{target} holds data, and so does {elsewhere}, from where the entry was moved; move one of them away, and run `blankslate apply`"
    )]
    TwoCopies { target: HostPath, elsewhere: HostPath },
    #[error("{}", busy(.writers))]
    Busy { writers: Vec<Writer> },
    #[error("there is no {key} {name}; mend {key} in line {line}")]
    NoSuchName { key: &'static str, name: String, line: usize },
    #[error("{why}")]
    Unseen { why: String },
}

fn busy(writers: &[Writer]) -> String {
    let Some(first) = writers.first() else { return "it is in use".to_owned() };
    let Writer { pid, command, unit, path, hold } = first;
    let command = crate::path::escape(command.as_bytes());
    let held = match hold {
        Hold::Writes => "open for writing",
        Hold::Directory => "a directory in use",
    };
    let more = match writers.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more like it"),
    };
    let (whose, stop) = match unit {
        Some(unit) => {
            let shown = crate::path::escape(unit.as_bytes());
            (format!(" of {shown}"), format!("run `systemctl stop {}`", shell(unit.as_bytes())))
        }
        None => (String::new(), "end it".to_owned()),
    };
    format!(
        "{path} is {held} by {command} (pid {pid}){whose}{more}; {stop} and then \
         `blankslate apply`, or reboot: the next boot adopts it before the root is rolled back"
    )
}

/// The word for what lies somewhere.
pub(super) struct Word<'l>(pub(super) &'l Look);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Look::Absent => "nothing",
            Look::Directory(_) => "directory",
            Look::File(_) => "file",
            Look::Symlink(_) => "symlink",
            Look::Special(word) => word,
            Look::Blocked(_) => "path through a symlink",
        })
    }
}
