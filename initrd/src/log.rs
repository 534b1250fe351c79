//! Logs as journald and the console take them: one line an event on stderr, with the kernel's
//! priority in front when no person is reading.

use std::fmt;
use std::io::IsTerminal;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Sends every log line of level info and above to stderr.
pub fn start() {
    let format = Priorities { marked: !std::io::stderr().is_terminal() };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::INFO)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .event_format(format)
        .finish();
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        // Only a second call can fail, and a missing log must not stop a boot.
    }
}

struct Priorities {
    marked: bool,
}

/// As sd-daemon(3): `<3>` to `<7>` at the beginning of a line.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

impl<S, N> FormatEvent<S, N> for Priorities
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut text = String::new();
        context.format_fields(Writer::new(&mut text), event)?;
        for line in text.lines() {
            if self.marked {
                write!(writer, "<{}>", priority(*event.metadata().level()))?;
            }
            writeln!(writer, "blankslate: {line}")?;
        }
        Ok(())
    }
}
