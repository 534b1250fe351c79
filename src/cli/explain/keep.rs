//! The lines that keep a path, ready to be pasted into the configuration.

use crate::cli::status::look::Host;
use crate::config::{Entry, How};
use crate::loss::keep::{Desk, nix_line, nix_preset, toml_entry, toml_store};
use crate::path::HostPath;
use crate::persist::rewriters::{self, Cure, Rewriter};
use crate::presets::Preset;
use crate::sys::{Look, Sys};

/// Lines that declare a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keep {
    /// What goes into `config.toml`.
    pub toml: String,
    /// What goes into the configuration of the host.
    pub nix: String,
    /// The line that asks for the preset that keeps it, for the configuration of the host.
    pub preset: Option<String>,
    /// Why it will not hold all the same.
    pub warning: Option<String>,
}

/// Returns the lines that keep `path`; `declared` is what it is called on the host, where that differs.
///
/// # Errors
/// Why it cannot be an entry, and what can.
pub(super) fn lines(
    host: &Host<'_>,
    path: &HostPath,
    declared: Option<&HostPath>,
    look: Option<&Look>,
    preset: Option<&Preset>,
) -> Result<Keep, String> {
    let looker = |path: &HostPath| host.sys.look(path);
    let desk = Desk { config: host.config, accounts: &host.accounts, look: &looker };
    let mut item = desk.item(path, declared.unwrap_or(path), look)?;
    match rewriters::warning(&item.entry) {
        None => {}
        Some(Rewriter { cure: Cure::Symlink, .. }) => item.entry.how = How::Symlink,
        Some(rewriter) => return Err(replaced(&rewriter, &item.entry)),
    }
    let store = host.config.stores.first().map(|store| store.path.exact());
    Ok(Keep {
        toml: toml_store(store.as_deref()) + &toml_entry(&item),
        nix: nix_line(&item, store.as_deref()),
        preset: preset.and_then(|preset| nix_preset(preset, store.as_deref())),
        warning: rewriters::warning_of(host.config, &item.entry),
    })
}

/// Why a file that its program replaces is no entry, and what to do instead.
fn replaced(rewriter: &Rewriter, entry: &Entry) -> String {
    let sentence = rewriter.sentence(entry);
    // The cures are for whoever has declared it already.
    let fronts = ["; drop the entry and ", "; drop the entry: "];
    fronts.iter().fold(sentence, |sentence, front| sentence.replace(front, "; ")) + "."
}
