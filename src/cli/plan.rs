//! `plan`: what `apply` would do, and would not.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anyhow::{Context, Result};
use serde::Serialize;

use super::args::Format;
use super::commands::NAME;
use super::exit::{ExitStatus, complain};
use super::place::{Printed, accounts, load, run_dir};
use crate::persist::plan::{EntryPlan, Then};
use crate::persist::session::Session;
use crate::persist::tell::and_waiting;

/// What `apply` would do. Its schema is `docs/schema/plan-1.json`.
#[derive(Debug, Serialize)]
struct Rehearsal {
    version: u32,
    entries: Vec<Rehearsed>,
}

#[derive(Debug, Serialize)]
struct Rehearsed {
    target: String,
    source: String,
    how: &'static str,
    declared: bool,
    /// What would be done, in its order; nothing where it is as declared.
    steps: Vec<String>,
    /// The entry that has to be in place before anything can be said about this one.
    after: Option<String>,
    /// What it waits for after the steps, without being off.
    waits: Option<String>,
    /// Why it would not be touched.
    refused: Option<String>,
}

impl From<&EntryPlan> for Rehearsed {
    fn from(plan: &EntryPlan) -> Self {
        let steps = plan.steps.iter().flatten().map(ToString::to_string).collect();
        let after = match &plan.then {
            Then::After(outer) => Some(outer.exact()),
            Then::End | Then::LookAgain | Then::Waits(_) => None,
        };
        Self {
            target: plan.target.exact(),
            source: plan.source.exact(),
            how: plan.how.word(),
            declared: plan.is_declared,
            steps,
            after,
            waits: plan.waits().map(|wait| wait.to_string()),
            refused: plan.steps.as_ref().err().map(ToString::to_string),
        }
    }
}

/// Prints what `apply` would do.
///
/// # Errors
/// It cannot be told.
pub fn run(args: &Printed) -> Result<ExitStatus> {
    let config = load(&args.place)?;
    let session = Session::look(&args.place.root, &run_dir(&args.place.root), &config)?;
    for bad in &session.bad {
        complain(NAME, &bad.problem.to_string());
    }
    let plans = session.rehearse(&accounts(&args.place.root, &config)?);
    let text = match args.format {
        Format::Text => render(&plans),
        Format::Json => {
            let entries = plans.iter().map(Rehearsed::from).collect();
            serde_json::to_string_pretty(&Rehearsal { version: 1, entries })? + "\n"
        }
    };
    io::stdout().write_all(text.as_bytes()).context("cannot write the plan")?;
    Ok(match (session.bad.is_empty(), plans.iter().all(EntryPlan::is_done)) {
        (false, _) => ExitStatus::Trouble,
        (true, true) => ExitStatus::Clean,
        (true, false) => ExitStatus::Loss,
    })
}

fn render(plans: &[EntryPlan]) -> String {
    let mut text = String::new();
    let (mut would, mut refused) = (0, 0);
    for plan in plans.iter().filter(|plan| !plan.is_done() || plan.waits().is_some()) {
        let target = &plan.target;
        if let (Some(wait), true) = (plan.waits(), plan.is_done()) {
            let _ = writeln!(text, "{target} waits: {wait}");
            continue;
        }
        match (&plan.steps, &plan.then) {
            (Err(why), _) => {
                refused += 1;
                let _ = writeln!(text, "{target} would not be touched: {why}");
                continue;
            }
            (Ok(_), Then::After(outer)) => {
                let _ = writeln!(text, "{target}\n  would be looked at after {outer} is in place");
            }
            (Ok(steps), then) => {
                let _ = writeln!(text, "{target}");
                for step in steps {
                    let _ = writeln!(text, "  would {step}");
                }
                if *then == Then::LookAgain {
                    text.push_str("  would look again at what lies beneath\n");
                }
                if let Some(wait) = plan.waits() {
                    let _ = writeln!(text, "  would wait then: {wait}");
                }
            }
        }
        would += 1;
    }
    let declared = || plans.iter().filter(|plan| plan.is_declared);
    let fine = declared().filter(|plan| plan.is_done());
    let (waiting, in_place): (Vec<_>, Vec<_>) = fine.partition(|plan| plan.waits().is_some());
    let (fine, all) = (in_place.len(), declared().count());
    let _ = write!(text, "{fine} of {all} entries are in place{}", and_waiting(waiting.len()));
    for (count, what) in [(would, "would be changed"), (refused, "would not be touched")] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    text.push('\n');
    text
}
