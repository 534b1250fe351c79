//! The status for programs. Its schema is `docs/schema/status-1.json`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::Now;
use super::look::Looked;
use crate::cli::exit::ExitStatus;
use crate::path::{HostPath, escape};
use crate::persist::record::Record;
use crate::persist::strays::Stray;
use crate::rollback::receipt::Receipt;

/// A path: exactly as it is if it is UTF-8; otherwise escaped for reading, with the exact bytes beside.
#[derive(Debug, Serialize)]
pub struct PathJson {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
}

impl From<&HostPath> for PathJson {
    fn from(path: &HostPath) -> Self {
        let bytes = path.as_bytes();
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { path: text.to_owned(), path_base64: None },
            Err(_) => Self { path: escape(bytes), path_base64: Some(STANDARD.encode(bytes)) },
        }
    }
}

#[derive(Debug, Serialize)]
struct StatusJson<'n> {
    version: u32,
    ok: bool,
    complete: bool,
    same_config: Option<bool>,
    roots_not_tried: &'n [String],
    roots_not_mounted: Vec<RootJson<'n>>,
    entries_not_tried: &'n [String],
    stores: Vec<StoreJson<'n>>,
    entries: Vec<EntryJson<'n>>,
    undeclared: Vec<UndeclaredJson<'n>>,
    open_directories: Vec<OpenJson>,
    set_aside: Vec<AsideJson<'n>>,
    conflicts: Vec<ConflictJson>,
    unfinished_copies: Vec<StrayJson>,
    strays: Vec<StrayJson>,
    not_searched: Vec<PathJson>,
    gaps: Vec<GapJson<'n>>,
    notes: &'n [String],
    boot: Option<&'n Receipt>,
    persist: Option<&'n Record>,
}

/// A declared root in whose place something else is mounted.
#[derive(Debug, Serialize)]
struct RootJson<'n> {
    mount: String,
    dataset: &'n str,
    mounted: String,
}

#[derive(Debug, Serialize)]
struct StoreJson<'n> {
    path: String,
    problem: &'n str,
}

/// An entry as it is now.
#[derive(Debug, Serialize)]
pub struct EntryJson<'n> {
    target: String,
    source: String,
    store: String,
    kind: String,
    how: &'static str,
    line: usize,
    because: Option<&'n str>,
    state: &'static str,
    problem: Option<&'n str>,
}

impl<'n> From<&'n Looked> for EntryJson<'n> {
    fn from(looked: &'n Looked) -> Self {
        let (seen, status) = (&looked.seen, &looked.status);
        let problem = (!status.sentence.is_empty()).then_some(status.sentence.as_str());
        Self {
            target: seen.entry.target.exact(),
            source: seen.source.exact(),
            store: seen.store.exact(),
            kind: seen.entry.kind.to_string(),
            how: seen.entry.how.word(),
            line: seen.entry.line,
            because: seen.entry.because.as_deref(),
            state: status.state.word(),
            problem,
        }
    }
}

#[derive(Debug, Serialize)]
struct UndeclaredJson<'n> {
    target: String,
    source: String,
    how: &'static str,
    problem: &'n str,
}

#[derive(Debug, Serialize)]
struct OpenJson {
    path: String,
    mode: String,
}

#[derive(Debug, Serialize)]
struct AsideJson<'n> {
    target: &'n str,
    path: String,
    erased_at_boot: bool,
}

#[derive(Debug, Serialize)]
struct StrayJson {
    #[serde(flatten)]
    path: PathJson,
    #[serde(rename = "type")]
    kind: &'static str,
    bytes: u64,
    files: u64,
}

impl From<&Stray> for StrayJson {
    fn from(stray: &Stray) -> Self {
        let kind = if stray.is_directory { "directory" } else { "other" };
        let (bytes, files) = (stray.amount.bytes, stray.amount.files);
        Self { path: PathJson::from(&stray.path), kind, bytes, files }
    }
}

#[derive(Debug, Serialize)]
struct ConflictJson {
    source: String,
    #[serde(flatten)]
    stray: StrayJson,
}

#[derive(Debug, Serialize)]
struct GapJson<'n> {
    #[serde(flatten)]
    path: PathJson,
    error: &'n str,
}

/// Returns the status as one JSON object.
///
/// # Errors
/// It cannot be written as JSON.
pub fn render(now: &Now) -> serde_json::Result<String> {
    let strays = &now.strays;
    let undeclared = now.entries.undeclared.iter().map(|(placed, problem)| UndeclaredJson {
        target: placed.target.exact(),
        source: placed.source.exact(),
        how: placed.how.word(),
        problem,
    });
    let roots_not_mounted = now.unmounted.iter().map(|other| RootJson {
        mount: other.mount.exact(),
        dataset: &other.dataset,
        mounted: escape(other.instead.as_bytes()),
    });
    let stores = now
        .stores
        .iter()
        .map(|store| StoreJson { path: store.path.exact(), problem: &store.problem });
    let open = now
        .open
        .iter()
        .map(|(path, mode)| OpenJson { path: path.exact(), mode: format!("{mode:04o}") });
    let aside = now.aside.iter().map(|aside| AsideJson {
        target: &aside.target,
        path: aside.path.exact(),
        erased_at_boot: aside.is_erased,
    });
    let conflicts = strays.conflicts.iter().map(|conflict| ConflictJson {
        source: conflict.source.exact(),
        stray: StrayJson::from(&conflict.stray),
    });
    let gap = |path, error| GapJson { path: PathJson::from(path), error };
    let status = StatusJson {
        version: 1,
        ok: now.verdict() == ExitStatus::Clean,
        complete: now.is_complete(),
        same_config: now.same_config,
        roots_not_tried: &now.roots_not_tried,
        roots_not_mounted: roots_not_mounted.collect(),
        entries_not_tried: &now.entries_not_tried,
        stores: stores.collect(),
        entries: now.entries.declared.iter().map(EntryJson::from).collect(),
        undeclared: undeclared.collect(),
        open_directories: open.collect(),
        set_aside: aside.collect(),
        conflicts: conflicts.collect(),
        unfinished_copies: strays.staging.iter().map(StrayJson::from).collect(),
        strays: strays.strays.iter().map(StrayJson::from).collect(),
        not_searched: strays.mounts.iter().map(PathJson::from).collect(),
        gaps: strays.gaps.iter().map(|found| gap(&found.path, &found.error)).collect(),
        notes: &now.notes,
        boot: now.boot.as_ref(),
        persist: now.persist.as_ref(),
    };
    Ok(serde_json::to_string_pretty(&status)? + "\n")
}
