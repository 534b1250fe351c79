//! The explanation for programs. Its schema is `docs/schema/explain-1.json`.

use serde::Serialize;

use super::loss::Loss;
use super::{Explanation, Lies, Relation};
use crate::cli::status::json::{EntryJson, PathJson};
use crate::loss::json::{OwnerJson, TallyJson};
use crate::loss::{Verdict, words};
use crate::path::{HostPath, escape};
use crate::persist::plan::Then;
use crate::sys::Look;

#[derive(Debug, Serialize)]
struct ExplanationJson<'e> {
    version: u32,
    asked: String,
    #[serde(flatten)]
    path: PathJson,
    through: Option<String>,
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    relation: &'static str,
    /// What becomes of it, in a word; none where that cannot be told.
    fate: Option<&'static str>,
    entry: Option<EntryJson<'e>>,
    steps: Option<Vec<String>>,
    refused: Option<String>,
    entries_below: Vec<String>,
    file_system: Option<FileSystemJson>,
    loss: Option<LossJson<'e>>,
    hidden: Option<HiddenJson>,
    keep: Option<KeepJson<'e>>,
    cannot_be_kept: Option<&'e str>,
}

#[derive(Debug, Serialize)]
struct FileSystemJson {
    mount: String,
    root_dataset: Option<String>,
    in_memory: bool,
}

#[derive(Debug, Serialize)]
struct LossJson<'e> {
    owner: OwnerJson<'e>,
    preset: Option<&'e str>,
    rank: &'static str,
    verdict: Option<&'static str>,
    evidence: Option<String>,
    rule: Option<&'e str>,
    lost: TallyJson,
    gaps: Vec<&'e str>,
}

#[derive(Debug, Serialize)]
struct HiddenJson {
    lost: Option<TallyJson>,
}

#[derive(Debug, Serialize)]
struct KeepJson<'e> {
    toml: &'e str,
    nix: &'e str,
    preset: Option<&'e str>,
    warning: Option<&'e str>,
    guessed: bool,
}

/// Returns the explanation as one JSON object.
///
/// # Errors
/// It cannot be written as JSON.
pub(super) fn render(explanation: &Explanation) -> serde_json::Result<String> {
    let plan = explanation.entry.as_ref().map(|entry| &entry.plan);
    let steps = plan
        .and_then(|plan| plan.steps.as_ref().ok())
        .map(|steps| steps.iter().map(ToString::to_string).collect());
    let refused = plan.and_then(|plan| match (&plan.steps, &plan.then) {
        (Err(why), _) => Some(why.to_string()),
        (Ok(_), Then::After(outer)) => Some(format!("it waits for {outer} around it")),
        (Ok(_), Then::End | Then::LookAgain | Then::Waits(_)) => None,
    });
    let keep = explanation.keep.as_ref();
    let keep_lines = keep.and_then(|keep| keep.as_ref().ok()).map(|keep| KeepJson {
        toml: &keep.toml,
        nix: &keep.nix,
        preset: keep.preset.as_deref(),
        warning: keep.warning.as_deref(),
        guessed: keep.is_guess,
    });
    let hidden = explanation.hidden.as_ref();
    let json = ExplanationJson {
        version: 1,
        asked: escape(&explanation.asked),
        path: PathJson::from(&explanation.path),
        through: explanation.through.as_ref().map(ToString::to_string),
        kind: explanation.look.as_ref().ok().map(kind),
        relation: relation(&explanation.relation),
        fate: explanation.fate(),
        entry: explanation.entry.as_ref().map(EntryJson::from),
        steps,
        refused,
        entries_below: below(&explanation.relation),
        file_system: file_system(&explanation.lies),
        loss: explanation.loss.as_ref().map(loss),
        hidden: hidden.map(|hidden| HiddenJson { lost: hidden.lost().map(TallyJson::from) }),
        keep: keep_lines,
        cannot_be_kept: keep.and_then(|keep| keep.as_ref().err()).map(String::as_str),
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}

fn loss(loss: &Loss) -> LossJson<'_> {
    let verdict = loss.itself.as_ref().map(|judged| &judged.verdict);
    let rule = match verdict {
        Some(Verdict::Accepted(rule)) => loss.accept.get(*rule).map(|rule| rule.glob.as_str()),
        _ => None,
    };
    let evidence = match verdict {
        Some(Verdict::Recreated(maker)) => Some(words::maker(maker)),
        _ => None,
    };
    LossJson {
        owner: OwnerJson::from(&loss.owned.owner),
        preset: loss.owned.preset.as_deref(),
        rank: loss.owned.rank.word(),
        verdict: verdict.map(words::verdict),
        evidence,
        rule,
        lost: TallyJson::from(&loss.totals.lost),
        gaps: loss.gaps.iter().map(String::as_str).collect(),
    }
}

fn below(relation: &Relation) -> Vec<String> {
    match relation {
        Relation::Above(below) => below.iter().map(HostPath::exact).collect(),
        _ => Vec::new(),
    }
}

fn kind(look: &Look) -> &'static str {
    match look {
        Look::Absent | Look::Blocked(_) => "nothing",
        Look::Directory(_) => "directory",
        Look::File(_) => "file",
        Look::Symlink(_) => "symlink",
        Look::Special(_) => "special",
    }
}

fn relation(relation: &Relation) -> &'static str {
    match relation {
        Relation::Entry => "entry",
        Relation::Inside(_) => "inside-entry",
        Relation::Source => "in-source",
        Relation::Store(_) => "in-store",
        Relation::Above(_) => "above-entries",
        Relation::None => "none",
    }
}

fn file_system(lies: &Lies) -> Option<FileSystemJson> {
    let (mount, root_dataset, in_memory) = match lies {
        Lies::OnRoot(root) => (&root.mount, Some(root.dataset.to_string()), false),
        Lies::Instead(other) => (&other.mount, None, false),
        Lies::InMemory(point) | Lies::InKernel(point) => (point, None, true),
        Lies::OnHost(point) | Lies::Elsewhere(point, _) | Lies::Layered(point, _) => {
            (point, None, false)
        }
        Lies::Unknown => return None,
    };
    Some(FileSystemJson { mount: mount.exact(), root_dataset, in_memory })
}
