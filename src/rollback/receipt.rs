//! The receipt: the record of what the initrd did in this boot, at `/run/blankslate/boot.json`.

use serde::{Deserialize, Serialize};

use super::adoption::{Found, Way};
use super::decide::{Decision, RootOrder, SkipReason, Snapshot};
use super::facts::{DatasetFacts, Present};
use super::situation::ADOPT;
use crate::config::{OnFailure, Root};
use crate::sys::record::Level;

/// The file's name below `/run/blankslate`.
pub const FILE: &str = "boot.json";

/// The version of the receipt's shape.
pub const VERSION: u32 = 1;

/// What the initrd did in this boot. Its schema is `docs/schema/boot-1.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The version of this shape.
    pub version: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// SHA-256 of the configuration it read; none when that could not be read.
    pub config: Option<String>,
    /// Why nothing could even be tried; none where it could.
    pub trouble: Option<String>,
    /// Every declared root, in the order of the configuration.
    pub roots: Vec<RootReceipt>,
    /// How long it took.
    pub microseconds: Phases,
}

/// How long the phases took, in microseconds, all pools together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    /// Asking the pools.
    pub facts: u64,
    /// Deciding.
    pub decide: u64,
    /// Looking for what is declared and lies only on a root, and copying it.
    #[serde(default)]
    pub adopt: u64,
    /// Rolling back.
    pub run: u64,
}

/// What became of one root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootReceipt {
    /// Where it is mounted.
    pub mount: String,
    /// The dataset.
    pub dataset: String,
    /// The blank, as declared.
    pub snapshot: String,
    /// What was done.
    pub outcome: Outcome,
    /// Why, unless it was rolled back; then what was left out before.
    pub reason: Option<String>,
    /// What the boot does about it when it was refused or failed, as declared.
    pub on_failure: String,
    /// What was to be done about newer snapshots, as declared.
    pub newer_snapshots: String,
    /// The guid that the blank must have, as declared.
    pub snapshot_guid: Option<String>,
    /// What the pool said before anything was done; none when it was not asked, did not answer, or
    /// has no such dataset.
    pub facts: Option<Present>,
    /// The snapshots that were destroyed with it.
    pub destroyed: Vec<Snapshot>,
    /// What was saved from it before, or could not be looked at.
    #[serde(default)]
    pub adopted: Vec<Found>,
}

/// What was done to a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is blank now.
    RolledBack,
    /// It was left alone, as it should be.
    Skipped,
    /// It was not touched, although it should have been rolled back.
    Refused,
    /// It was not touched: the configuration names what is not there.
    Misdeclared,
    /// It was tried and did not work.
    Failed,
}

impl Outcome {
    /// Whether the root is as it should be.
    #[must_use]
    pub fn is_as_it_should(self) -> bool {
        match self {
            Self::RolledBack | Self::Skipped => true,
            Self::Refused | Self::Misdeclared | Self::Failed => false,
        }
    }
}

/// An act that was tried in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What it said.
    pub why: String,
    /// What the pool said after an act that had begun; none when it had not, or when the pool did
    /// not answer any more.
    pub left: Option<Vec<DatasetFacts>>,
}

impl Failure {
    /// Which of the doomed snapshots went all the same. Looked for in their own dataset: a copy that
    /// was received elsewhere has the same guid.
    fn gone(&self, order: &RootOrder) -> Vec<Snapshot> {
        let left = self.left.iter().flatten().find(|facts| facts.dataset == order.dataset);
        let Some(left) = left.and_then(|facts| facts.present.as_ref()) else { return Vec::new() };
        let is_left = |doomed: &&Snapshot| left.snapshots.iter().any(|s| s.guid == doomed.guid);
        order.doomed.iter().filter(|doomed| !is_left(doomed)).cloned().collect()
    }
}

impl RootReceipt {
    /// Writes down what became of `root`; `failure` is what the act said when it was tried in vain.
    #[must_use]
    pub fn new(
        root: &Root,
        facts: Option<&DatasetFacts>,
        decision: &Decision,
        failure: Option<&Failure>,
    ) -> Self {
        let (outcome, reason, destroyed) = match (decision, failure) {
            (Decision::Proceed(order), None) => (Outcome::RolledBack, None, order.doomed.clone()),
            (Decision::Proceed(order), Some(failure)) => {
                (Outcome::Failed, Some(failure.why.clone()), failure.gone(order))
            }
            (Decision::Skip(why), _) => (Outcome::Skipped, Some(why.to_string()), Vec::new()),
            (Decision::Refuse(why), _) => {
                let misdeclared = why.is_misdeclared();
                let outcome = if misdeclared { Outcome::Misdeclared } else { Outcome::Refused };
                (outcome, Some(why.to_string()), Vec::new())
            }
        };
        Self {
            mount: root.mount.exact(),
            dataset: root.dataset.to_string(),
            snapshot: root.snapshot.to_string(),
            outcome,
            reason,
            on_failure: root.on_failure.word().to_owned(),
            newer_snapshots: root.newer_snapshots.word().to_owned(),
            snapshot_guid: root.snapshot_guid.map(|guid| guid.to_string()),
            facts: facts.and_then(|f| f.present.as_ref()).cloned(),
            destroyed,
            adopted: Vec::new(),
        }
    }

    /// How loud that has to be said.
    #[must_use]
    pub fn level(&self) -> Level {
        let asked_for = SkipReason::KernelParameter.to_string();
        let is_all_adopted = self.adopted.iter().all(|found| found.how == Way::Adopted);
        match self.outcome {
            Outcome::Skipped if self.reason == Some(asked_for) => Level::Warning,
            Outcome::RolledBack if self.reason.is_some() || !is_all_adopted => Level::Warning,
            Outcome::RolledBack | Outcome::Skipped => Level::Notice,
            Outcome::Refused | Outcome::Misdeclared | Outcome::Failed => Level::Error,
        }
    }

    /// The sentence for the kernel log and the console. It ends in the cure where there is one.
    #[must_use]
    pub fn sentence(&self) -> String {
        let why = self.reason.as_deref().unwrap_or("no reason was written down");
        let (root, adopted) = (&self.dataset, self.adopted());
        match self.outcome {
            Outcome::RolledBack => {
                let gone = counted(self.destroyed.len(), "newer snapshot", "destroyed");
                let left_out = self.reason.iter().map(|reason| format!(": {reason}"));
                let left_out: String = left_out.collect();
                format!("{root} rolled back to {root}@{}{adopted}{gone}{left_out}", self.snapshot)
            }
            Outcome::Skipped => format!("{root} left as it is: {why}"),
            Outcome::Refused | Outcome::Misdeclared => {
                format!("{root} NOT rolled back{adopted}: {why}")
            }
            Outcome::Failed => format!("{root} NOT rolled back, it failed{adopted}: {why}"),
        }
    }

    /// What was saved before, as part of a sentence.
    fn adopted(&self) -> String {
        let of = |way| self.adopted.iter().filter(|found| found.how == way).count();
        counted(of(Way::Adopted), "entry", "adopted")
            + &counted(of(Way::Beside), "entry", "copied beside its source")
            + &counted(of(Way::NotLookedAt), "entry", "not looked at")
    }
}

/// What is said of a root that was rolled back without a search.
pub(super) fn not_searched() -> String {
    format!("{ADOPT}=no is on the kernel's command line, so nothing was adopted before")
}

/// `, 2 entries adopted`; nothing where there are none.
fn counted(number: usize, what: &str, done: &str) -> String {
    let plural = what.strip_suffix('y').map_or(format!("{what}s"), |stem| format!("{stem}ies"));
    match number {
        0 => String::new(),
        1 => format!(", 1 {what} {done}"),
        n => format!(", {n} {plural} {done}"),
    }
}

impl Receipt {
    /// A receipt of a boot step that could not even try.
    #[must_use]
    pub fn of_trouble(config: Option<String>, trouble: String) -> Self {
        let roots = Vec::new();
        Self {
            config,
            trouble: Some(trouble),
            ..Self::of_roots(String::new(), roots, Phases::default())
        }
    }

    /// A receipt of a boot step that was carried through.
    #[must_use]
    pub fn of_roots(config: String, roots: Vec<RootReceipt>, microseconds: Phases) -> Self {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        Self { version: VERSION, program, config: Some(config), trouble: None, roots, microseconds }
    }

    /// Whether every root is as it should be.
    #[must_use]
    pub fn is_as_it_should(&self) -> bool {
        self.trouble.is_none() && self.roots.iter().all(|root| root.outcome.is_as_it_should())
    }

    /// Whether the configuration is at fault, or a root was not rolled back that must not be booted
    /// un-erased.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        let stops = |root: &RootReceipt| {
            root.outcome == Outcome::Misdeclared
                || root.on_failure == OnFailure::Emergency.word() && !root.outcome.is_as_it_should()
        };
        self.trouble.is_some() || self.roots.iter().any(stops)
    }
}
