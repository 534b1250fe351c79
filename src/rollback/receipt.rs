//! The receipt: the record of what the initrd did in this boot, at `/run/blankslate/boot.json`.

use serde::{Deserialize, Serialize};

use super::decide::{Decision, RootOrder, SkipReason, Snapshot};
use super::facts::{DatasetFacts, Present};
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
    /// Why, unless it was rolled back.
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
        }
    }

    /// How loud that has to be said.
    #[must_use]
    pub fn level(&self) -> Level {
        let asked_for = SkipReason::KernelParameter.to_string();
        match self.outcome {
            Outcome::Skipped if self.reason == Some(asked_for) => Level::Warning,
            Outcome::RolledBack | Outcome::Skipped => Level::Notice,
            Outcome::Refused | Outcome::Misdeclared | Outcome::Failed => Level::Error,
        }
    }

    /// The sentence for the kernel log and the console.
    #[must_use]
    pub fn sentence(&self) -> String {
        let blank = format!("{}@{}", self.dataset, self.snapshot);
        let why = self.reason.as_deref().unwrap_or("no reason was written down");
        match (self.outcome, self.destroyed.len()) {
            (Outcome::RolledBack, 0) => format!("{} rolled back to {blank}", self.dataset),
            (Outcome::RolledBack, 1) => {
                format!("{} rolled back to {blank}, 1 newer snapshot destroyed", self.dataset)
            }
            (Outcome::RolledBack, n) => {
                format!("{} rolled back to {blank}, {n} newer snapshots destroyed", self.dataset)
            }
            (Outcome::Skipped, _) => format!("{} left as it is: {why}", self.dataset),
            (Outcome::Refused | Outcome::Misdeclared, _) => {
                format!("{} NOT rolled back: {why}", self.dataset)
            }
            (Outcome::Failed, _) => format!("{} NOT rolled back, it failed: {why}", self.dataset),
        }
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
