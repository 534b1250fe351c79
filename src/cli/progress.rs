//! How far a long copy has come: one line on a terminal, after a second, and gone when it is over.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::persist::tell::amount;
use crate::sys::Progress;

/// Shows how far a copy has come, if anybody looks.
#[derive(Debug)]
pub struct Meter(Option<ProgressBar>);

impl Meter {
    /// Shows nothing before the first second is over, and nothing at all where nobody looks.
    #[must_use]
    pub fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
        if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    /// Takes note of how far it is.
    pub fn tell(&self, progress: Progress) {
        let Some(bar) = &self.0 else { return };
        if bar.elapsed() > Duration::from_secs(1) {
            bar.set_message(format!("copying: {}", amount(progress)));
            bar.tick();
        }
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
