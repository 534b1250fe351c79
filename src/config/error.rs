//! What can be wrong with a configuration, as sentences. Pure.

use std::io;

/// One thing that is wrong in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line it stands on, from 1.
    pub line: usize,
    /// The key it is about, e.g. `store.entry.mode`; empty where there is none.
    pub key: String,
    /// What is wrong, and the cure.
    pub what: String,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read the configuration {file}: {cause}{}", cure(cause))]
    Unreadable {
        /// The file.
        file: String,
        /// Why not.
        cause: io::Error,
    },
    /// The file was read, and something in it is wrong; nothing of it is used.
    #[error("{}", lines(file, faults))]
    Faulty {
        /// The file.
        file: String,
        /// All that is wrong in it, in the order of the lines.
        faults: Vec<Fault>,
    },
}

/// What to do about a configuration that cannot be read; nothing where its cause says all. Both programs
/// say this, that of the initrd too.
fn cure(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::NotFound => {
            "; set blankslate.enable = true in the configuration of NixOS, or name a file that is there \
             with --config"
        }
        _ => "",
    }
}

fn lines(file: &str, faults: &[Fault]) -> String {
    let line = |fault: &Fault| {
        let key = if fault.key.is_empty() { String::new() } else { format!("{}: ", fault.key) };
        format!("{file}:{}: {key}{}", fault.line, fault.what)
    };
    faults.iter().map(line).collect::<Vec<_>>().join("\n")
}
