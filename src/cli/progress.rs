//! How far something long has come: one line on a terminal, after a second, and gone when it is over,
//! however it ends.

use std::io::{self, IsTerminal, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::human;
use crate::persist::tell::amount;
use crate::sys::Progress;
use crate::sys::signals::{Endings, hold_endings};

/// Shows how far a copy has come, if anybody looks.
#[derive(Debug)]
pub struct Meter(Option<ProgressBar>);

impl Meter {
    /// Shows nothing before the first second is over, and nothing at all where nobody looks.
    #[must_use]
    pub fn new() -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        Self(Some(bar()))
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

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
    if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
        bar.set_style(style);
    }
    bar
}

/// One line on standard error. The cursor stays behind the text, so that what a terminal echoes of a
/// key stands on the same line and goes with it; a bar would fill the line.
#[derive(Debug, Default)]
struct Line(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_shown: bool,
    is_over: bool,
}

impl Line {
    fn show(&self, text: &str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.is_over {
            state.is_shown = true;
            write(&format!("\r\x1b[2K{text}"));
        }
    }

    fn is_over(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_over
    }

    /// Takes the line away for good.
    fn end(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_over = true;
        if std::mem::take(&mut state.is_shown) {
            write("\r\x1b[2K");
        }
    }
}

/// Whether the terminal takes it makes no difference to anything.
fn write(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Leaves the terminal as a person expects it when a signal ends the program.
#[derive(Debug)]
pub struct Tidy {
    endings: Option<Endings>,
    line: Arc<Line>,
}

impl Tidy {
    /// Begins to hold signals back, where there is a terminal. Called before any thread is started.
    #[must_use]
    pub fn new() -> Self {
        let is_seen = io::stderr().is_terminal() || io::stdout().is_terminal();
        // Without it the terminal may keep a line of progress, and that is all.
        let endings = if is_seen { hold_endings().ok() } else { None };
        Self { endings, line: Arc::default() }
    }

    /// Shows how many names `count` tells until the returned value goes; where `is_quiet` or nobody
    /// looks, only signals are watched for.
    #[must_use]
    pub fn watch(mut self, count: impl Fn() -> u64 + Send + 'static, is_quiet: bool) -> Watch {
        if let Some(endings) = self.endings.take() {
            let line = Arc::clone(&self.line);
            // It waits for a signal until the program ends.
            thread::spawn(move || endings.obey(&|| restore(&line)));
        }
        let is_shown = !is_quiet && io::stderr().is_terminal();
        let line = Arc::clone(&self.line);
        let thread = is_shown.then(|| thread::spawn(move || show(&line, &count)));
        Watch { line: self.line, thread }
    }
}

impl Default for Tidy {
    fn default() -> Self {
        Self::new()
    }
}

/// Takes the line of progress away, ends colours, and begins a line of its own.
fn restore(line: &Line) {
    line.end();
    if io::stdout().is_terminal() {
        write("\x1b[0m\n");
    }
}

/// Five times a second, from the first second on.
fn show(line: &Line, count: &dyn Fn() -> u64) {
    for tick in 0_u64.. {
        if line.is_over() {
            return;
        }
        if tick >= 5 {
            line.show(&format!("looking: {} names", human::count(count())));
        }
        thread::park_timeout(Duration::from_millis(200));
    }
}

/// Progress that is shown until this goes.
#[derive(Debug)]
pub struct Watch {
    line: Arc<Line>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.line.end();
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic in it has been told already.
            let _ = thread.join();
        }
    }
}
