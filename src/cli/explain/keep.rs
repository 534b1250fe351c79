//! The lines that keep a path, ready to be pasted into the configuration.

use crate::cli::status::look::Host;
use crate::config::{Entry, How, Kind};
use crate::loss::keep::{Desk, nix_line, nix_preset, toml_entry, toml_store, toml_version};
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::persist::rewriters::{self, Cure, Rewriter};
use crate::presets::{Place, Preset, Presets};
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
    /// Whether nothing is there and nothing is known of it, so that a directory is a guess.
    pub is_guess: bool,
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
    let mut is_guess = false;
    if matches!(look, Some(Look::Absent) | None) {
        let kind = kind(&item.entry.target, &host.accounts);
        is_guess = kind.is_none();
        if is_guess && path.as_bytes().iter().any(|byte| b"*?".contains(byte)) {
            let why = "Nothing has that name, and an entry takes no pattern; name the directory that \
                       is to be kept whole, or each path in it.";
            return Err(why.to_owned());
        }
        item.entry.kind = kind.unwrap_or(item.entry.kind);
    }
    match rewriters::warning(&item.entry) {
        None => {}
        Some(Rewriter { cure: Cure::Symlink, .. }) => item.entry.how = How::Symlink,
        Some(rewriter) => return Err(replaced(&rewriter, &item.entry)),
    }
    let store = host.config.stores.first().map(|store| store.path.exact());
    Ok(Keep {
        toml: toml_version(host.config) + &toml_store(store.as_deref()) + &toml_entry(&item),
        nix: nix_line(&item, store.as_deref()),
        preset: preset.and_then(|preset| nix_preset(preset, store.as_deref())),
        warning: rewriters::warning_of(host.config, &item.entry),
        is_guess,
    })
}

/// What something is that nobody has made yet, as a preset or the program says that makes it.
fn kind(target: &HostPath, accounts: &Accounts) -> Option<Kind> {
    if rewriters::known(target).is_some() {
        return Some(Kind::File);
    }
    let home = accounts.home_of(target).and_then(|user| target.seen_from(user.home.as_ref()?));
    let places = [Some(Place::Host(target.clone())), home.map(Place::Home)];
    let presets = Presets::builtin().ok()?;
    let mut paths = presets.iter().flat_map(|preset| &preset.paths);
    paths
        .find(|path| places.iter().flatten().any(|place| *place == path.place))
        .map(|path| path.kind)
}

/// Why a file that its program replaces is no entry, and what to do instead.
fn replaced(rewriter: &Rewriter, entry: &Entry) -> String {
    let sentence = rewriter.sentence(entry);
    // The cures are for whoever has declared it already.
    let fronts = ["; drop the entry and ", "; drop the entry: "];
    fronts.iter().fold(sentence, |sentence, front| sentence.replace(front, "; ")) + "."
}
