//! `plan`: what `apply` would do, and would not.

use std::io::{self, Write as _};

use anyhow::{Context, Result};
use serde::Serialize;

use super::args::Format;
use super::commands::NAME;
use super::exit::{ExitStatus, complain};
use super::place::{Printed, accounts, load, run_dir};
use super::status::text::push;
use crate::persist::plan::{EntryPlan, Refusal, Then};
use crate::persist::session::Session;
use crate::persist::tell::and_waiting;
use crate::sys::privilege::is_root;
use crate::sys::tree;

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
        Format::Text => {
            let why: Vec<String> = session.bad.iter().map(|bad| bad.problem.to_string()).collect();
            render(&plans, &why, tree::columns(io::stdout()))
        }
        Format::Json => {
            let entries = plans.iter().map(Rehearsed::from).collect();
            serde_json::to_string_pretty(&Rehearsal { version: 1, entries })? + "\n"
        }
    };
    io::stdout().write_all(text.as_bytes()).context("cannot write the plan")?;
    let is_unseen = |plan: &EntryPlan| matches!(plan.steps, Err(Refusal::Unseen { .. }));
    let is_all_seen = session.bad.is_empty() && !plans.iter().any(is_unseen);
    if !is_all_seen && !is_root() {
        complain(NAME, "not everything could be looked at; run it as root");
    }
    Ok(match (is_all_seen, plans.iter().all(EntryPlan::is_done)) {
        (false, _) => ExitStatus::Trouble,
        (true, true) => ExitStatus::Clean,
        (true, false) => ExitStatus::Loss,
    })
}

/// Returns the plan as text, for a terminal of `width` columns or for none. What is `told` already is not
/// told again of each entry.
fn render(plans: &[EntryPlan], told: &[String], width: Option<usize>) -> String {
    let mut text = String::new();
    let is_told = |plan: &&EntryPlan| matches!(&plan.steps, Err(Refusal::Unseen { why }) if told.contains(why));
    let rest = plans.iter().filter(|plan| !is_told(plan));
    for line in rest.flat_map(lines).chain([summary(plans)]) {
        push(&mut text, &line, width);
    }
    text
}

/// What is to be said of one entry; nothing where it is in place.
fn lines(plan: &EntryPlan) -> Vec<String> {
    let target = &plan.target;
    let wait = plan.waits();
    match (&plan.steps, &plan.then) {
        _ if plan.is_done() => wait.iter().map(|wait| format!("{target} waits: {wait}")).collect(),
        (Err(why), _) => vec![format!("{target} would not be touched: {why}")],
        (Ok(_), Then::After(outer)) => {
            vec![target.to_string(), format!("  would be looked at after {outer} is in place")]
        }
        (Ok(steps), then) => {
            let mut lines = vec![target.to_string()];
            lines.extend(steps.iter().map(|step| format!("  would {step}")));
            if *then == Then::LookAgain {
                lines.push("  would look again at what lies beneath".to_owned());
            }
            lines.extend(wait.iter().map(|wait| format!("  would wait then: {wait}")));
            lines
        }
    }
}

fn summary(plans: &[EntryPlan]) -> String {
    let (done, rest): (Vec<_>, Vec<_>) = plans.iter().partition(|plan| plan.is_done());
    let refused = rest.iter().filter(|plan| plan.steps.is_err()).count();
    let all = plans.iter().filter(|plan| plan.is_declared).count();
    let fine = done.into_iter().filter(|plan| plan.is_declared);
    let (waiting, in_place): (Vec<_>, Vec<_>) = fine.partition(|plan| plan.waits().is_some());
    let (in_place, waiting) = (in_place.len(), and_waiting(waiting.len()));
    let counts = [(rest.len() - refused, "would be changed"), (refused, "would not be touched")];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let mut parts = vec![format!("{in_place} of {all} entries are in place{waiting}")];
    parts.extend(counts.map(|(count, what)| format!("{count} {what}")));
    parts.join(", ")
}
