//! What could not be read: said once, by its cause, with what can be done.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::Text;
use super::page::Look;
use crate::human;
use crate::loss::words::{Gaps, blank_problem};
use crate::loss::{Gap, Line};
use crate::path::{HostPath, escape};

/// The most names in one sentence.
const NAMES: usize = 10;

/// At most ten names, and how many more there are.
pub(super) fn names<'n>(all: impl ExactSizeIterator<Item = &'n HostPath>) -> String {
    let more = all.len().saturating_sub(NAMES);
    let mut text = all.take(NAMES).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text = format!("{text} and {} more", number(more));
    }
    text
}

pub(super) fn number(count: usize) -> String {
    human::count(u64::try_from(count).unwrap_or(u64::MAX))
}

/// Where something could not be read: sizes there are no sizes.
#[derive(Debug, Default)]
pub(super) struct Unread {
    places: BTreeSet<HostPath>,
    above: BTreeSet<HostPath>,
}

impl Unread {
    pub(super) fn new(gaps: &[Gap]) -> Self {
        let places: BTreeSet<HostPath> = gaps
            .iter()
            .filter(|gap| blank_problem(gap).is_none())
            .map(|gap| gap.path.clone())
            .collect();
        let above = places.iter().flat_map(HostPath::ancestors).collect();
        Self { places, above }
    }

    /// Whether something that the line counts could not be read.
    pub(super) fn is_in(&self, line: &Line) -> bool {
        let change = &line.judged.change;
        let is_above = change.below().is_some() && self.above.contains(&change.path);
        is_above || self.places.contains(&change.path)
    }
}

impl<W: Write> Text<'_, W> {
    pub(super) fn gaps(&mut self, gaps: &[Gap]) -> io::Result<()> {
        if gaps.is_empty() {
            return Ok(());
        }
        let Gaps { blank, doubts, denied, others, is_denied } = Gaps::new(gaps);
        self.page.blank();
        for cause in blank {
            let cause = escape(cause.as_bytes());
            let text = format!("The blank cannot be read, so everything counts as added: {cause}");
            self.page.wrapped(&text, Look::Alarming)?;
        }
        if !doubts.is_empty() {
            let text = "The next boot may do something else than is said here:";
            self.page.wrapped(text, Look::Alarming)?;
        }
        doubts.iter().try_for_each(|doubt| self.gap(&escape(doubt.as_bytes())))?;
        if !others.is_empty() {
            let count = places(others.len());
            let text = format!("{count} could not be read; what lies there is in no number here:");
            self.page.wrapped(&text, Look::Alarming)?;
        }
        for gap in others {
            self.gap(&format!("{}: {}", gap.path, escape(gap.error.as_bytes())))?;
        }
        if !denied.is_empty() {
            let text = format!(
                "{} may not be read (permission denied); what lies there is in no number here; run \
                 this as root:",
                places(denied.len())
            );
            self.page.wrapped(&text, Look::Alarming)?;
            return self.page.item(&names(denied.into_iter()));
        }
        if is_denied {
            self.page.prose("Run this as root: then nothing is denied.")
        } else {
            Ok(())
        }
    }

    /// A line of its own where it holds a command: that is copied in one piece.
    fn gap(&mut self, text: &str) -> io::Result<()> {
        if text.contains("what-will-i-lose --") {
            self.page.line(&format!("  {text}"))
        } else {
            self.page.item(text)
        }
    }
}

fn places(count: usize) -> String {
    if count == 1 { "1 place".to_owned() } else { format!("{} places", number(count)) }
}
