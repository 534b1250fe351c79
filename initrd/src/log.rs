//! Logs as journald and the console take them: one line an event on stderr, with the kernel's
//! priority in front when no person is reading.

use std::fmt::{self, Write as _};
use std::io::{IsTerminal, Write as _};

use blankslate::sys::record::{Level as Urgency, kernel_log};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Sends every log line of level info and above to stderr.
pub fn start() {
    let log = Log { marked: !std::io::stderr().is_terminal() };
    if tracing::subscriber::set_global_default(log).is_err() {
        // Only a second call can fail, and a missing log must not stop a boot.
    }
}

/// Says a sentence on stderr and in the kernel log.
pub fn announce(urgency: Urgency, sentence: &str) {
    match urgency {
        Urgency::Notice => tracing::info!("{sentence}"),
        Urgency::Warning => tracing::warn!("{sentence}"),
        Urgency::Error => tracing::error!("{sentence}"),
    }
    kernel_log(urgency, sentence);
}

struct Log {
    marked: bool,
}

impl Log {
    /// The lines of one event.
    fn lines(&self, level: Level, text: &str) -> String {
        let mut lines = String::new();
        for line in text.lines() {
            if self.marked {
                let _ = write!(lines, "<{}>", priority(level)); // a String takes everything
            }
            let _ = writeln!(lines, "blankslate: {line}");
        }
        lines
    }
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

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    // Without it every event below that level would be asked about.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let lines = self.lines(*event.metadata().level(), &text.0);
        let _ = std::io::stderr().write_all(lines.as_bytes()); // there is nowhere else to say it
    }

    // Spans are not used.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What an event says. Names are escaped where they are shown; this is for what others say.
struct Text(String);

impl Visit for Text {
    // No event has such a field, and being able to write one would cost 19 KiB.
    fn record_f64(&mut self, _: &Field, _: f64) {}

    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self, "{value:?}"); // it takes everything
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '\n' | '\t' => self.0.push(c),
                c if c.is_ascii_control() => write!(self.0, "\\x{:02x}", u32::from(c))?,
                c if c.is_control() => write!(self.0, "\\u{{{:x}}}", u32::from(c))?,
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_an_event_has_the_priority_of_its_level_where_no_person_reads() {
        let table = [
            (true, Level::ERROR, "<3>blankslate: a\n<3>blankslate: b\n"),
            (true, Level::WARN, "<4>blankslate: a\n<4>blankslate: b\n"),
            (true, Level::INFO, "<6>blankslate: a\n<6>blankslate: b\n"),
            (false, Level::ERROR, "blankslate: a\nblankslate: b\n"),
        ];
        for (marked, level, expected) in table {
            assert_eq!(Log { marked }.lines(level, "a\nb"), expected, "{marked} {level}");
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped_in_what_others_say() {
        let mut text = Text(String::new());
        text.write_str("a\tä\\x\n\x1b[2J\x07\x7f\u{9b}m").unwrap();
        assert_eq!(text.0, "a\tä\\x\n\\x1b[2J\\x07\\x7f\\u{9b}m");
    }
}
