//! The sections of a page, as man(7) has them.
//!
//! In: parts of a command, and texts with marks (`marks`). Out: roff.

use std::io;

use clap::{Arg, ArgAction, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use super::marks::{after_help, inlines, purpose, sentence};

/// The day of the last change that is worth one, set by hand: with a clock no build were like another.
const DATE: &str = "2026-11-21";

/// What `clap_mangen` writes, and what is easier to read. Its lists have blank lines, of which mandoc
/// complains, and what stands for a value is slanted: it needs no brackets.
const PLAINER: [(&str, &str); 6] = [
    (".br\n\n.br\n\\fIPossible values:\\fR\n.RS 14\n", ".RS\n.PD 0\n"),
    ("\n.RE\n", "\n.PD\n.RE\n"),
    ("\\fI<", "\\fI"),
    (">\\fR", "\\fR"),
    ("\n<\\fI", "\n\\fI"),
    ("\\fR>\n", "\\fR\n"),
];

/// A page that is being made.
pub struct Layout {
    page: String,
}

impl Layout {
    /// Begins a page with its title, its name and the synopsis.
    pub fn begin(command: &Command, name: &str) -> io::Result<Self> {
        let source = concat!("blankslate ", env!("CARGO_PKG_VERSION"));
        let man = Man::new(command.clone()).title(name).date(DATE).source(source);
        let mut title = Vec::new();
        man.render_title(&mut title)?;
        let mut layout = Self { page: text_of(title)? };
        layout.section("NAME");
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        layout.line([roman(format!("{name} - {}", purpose(&about)))]);
        layout.section("SYNOPSIS");
        layout.synopsis(command);
        Ok(layout)
    }

    /// The finished page.
    pub fn end(self) -> String {
        self.page
    }

    fn synopsis(&mut self, command: &Command) {
        let called = command.get_bin_name().unwrap_or(command.get_name());
        self.control("nh", []);
        self.control("na", []);
        self.control("TP", [(called.len() + 1).to_string().as_str()]);
        self.line([bold(called)]);
        let mut line = Vec::new();
        let is_own = |one: &&Arg| !matches!(one.get_action(), ArgAction::Help | ArgAction::Version);
        let (positional, options): (Vec<&Arg>, Vec<&Arg>) =
            command.get_arguments().filter(is_own).partition(|one| one.is_positional());
        options.into_iter().chain(positional).for_each(|one| line.extend(argument(one)));
        if command.has_subcommands() {
            line.extend([italic("COMMAND"), roman(" ...")]);
        }
        self.line(line);
        self.control("ad", []);
        self.control("hy", []);
    }

    /// What the command does: what the help says, and more.
    pub fn description(&mut self, command: &Command, more: &[&str]) {
        self.section("DESCRIPTION");
        let about = command.get_long_about().or_else(|| command.get_about());
        let about = about.map(ToString::to_string).unwrap_or_default();
        self.paragraphs(about.split("\n\n").chain(more.iter().copied()));
    }

    /// The pages of its commands.
    pub fn commands(&mut self, command: &Command, name: &str) {
        if !command.has_subcommands() {
            return;
        }
        self.section("COMMANDS");
        for one in command.get_subcommands() {
            let about = one.get_about().map(ToString::to_string).unwrap_or_default();
            self.item(
                [bold(format!("{name}-{}", one.get_name())), roman("(1)")],
                &sentence(&about),
            );
        }
    }

    /// The options, by `clap_mangen`.
    pub fn options(&mut self, command: &Command) -> io::Result<()> {
        let mut options = Vec::new();
        Man::new(command.clone()).render_options_section(&mut options)?;
        let text = text_of(options)?;
        let preamble = Roff::new().render();
        let text = text.strip_prefix(&preamble).unwrap_or(&text).to_owned();
        let plainer = PLAINER.iter().fold(text, |text, (from, to)| text.replace(from, to));
        // Each backquote that opens has one that closes, in the same text.
        for (number, part) in plainer.split('`').enumerate() {
            self.page += match number {
                0 => "",
                odd if odd % 2 == 1 => "\\fB",
                _ => "\\fR",
            };
            self.page += part;
        }
        Ok(())
    }

    /// What the help says behind the options, and the `words` of what is printed.
    pub fn exit_status(&mut self, command: &Command, words: &[(&str, &str)]) {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let after = after_help(&text);
        if !after.statuses.is_empty() {
            self.section("EXIT STATUS");
        }
        for (status, meaning) in &after.statuses {
            self.item([bold(*status)], meaning);
        }
        if !after.notes.is_empty() || !words.is_empty() {
            self.section("NOTES");
        }
        self.paragraphs(after.notes.into_iter());
        self.items(words);
    }

    /// A section of things and what they are.
    pub fn pairs(&mut self, title: &str, pairs: &[(&str, &str)]) {
        if !pairs.is_empty() {
            self.section(title);
        }
        self.items(pairs);
    }

    /// What to type for what.
    pub fn examples(&mut self, examples: &[(&str, &str)]) {
        self.section("EXAMPLES");
        for (number, (what, typed)) in examples.iter().enumerate() {
            if number > 0 {
                self.control("PP", []);
            }
            self.line(inlines(what));
            self.control("PP", []);
            self.control("RS", ["4"]);
            self.control("EX", []);
            typed.lines().for_each(|line| self.line([roman(line)]));
            self.control("EE", []);
            self.control("RE", []);
        }
    }

    /// Other pages, as `name(1)`.
    pub fn see_also(&mut self, pages: &[&str]) {
        self.section("SEE ALSO");
        self.control("na", []);
        let mut line = Vec::new();
        for (number, page) in pages.iter().enumerate() {
            let (name, section) = page.split_once('(').unwrap_or((page, ""));
            let comma = if number > 0 { ", " } else { "" };
            line.extend([roman(comma), bold(name), roman(format!("({section}"))]);
        }
        self.line(line);
    }

    fn section(&mut self, title: &str) {
        self.control("SH", [title]);
    }

    fn items(&mut self, pairs: &[(&str, &str)]) {
        for (what, meaning) in pairs {
            self.item([italic(*what)], meaning);
        }
    }

    fn item<const N: usize>(&mut self, what: [Inline; N], meaning: &str) {
        self.control("TP", []);
        self.line(what);
        self.line(inlines(meaning));
    }

    fn paragraphs<'t>(&mut self, paragraphs: impl Iterator<Item = &'t str>) {
        for (number, paragraph) in paragraphs.enumerate() {
            if number > 0 {
                self.control("PP", []);
            }
            self.line(inlines(&sentence(paragraph)));
        }
    }

    fn control<const N: usize>(&mut self, name: &str, arguments: [&str; N]) {
        self.add(Roff::new().control(name, arguments));
    }

    fn line(&mut self, line: impl Into<Vec<Inline>>) {
        self.add(Roff::new().text(line));
    }

    /// Every part is rendered with a definition in front, which the title brought already.
    fn add(&mut self, part: &Roff) {
        let (text, preamble) = (part.render(), Roff::new().render());
        self.page += text.strip_prefix(&preamble).unwrap_or(&text);
    }
}

/// One argument as a synopsis has it, with a space behind it.
fn argument(argument: &Arg) -> Vec<Inline> {
    let values = argument.get_num_args().unwrap_or_default();
    let mut inlines = Vec::new();
    if let Some(long) = argument.get_long() {
        inlines.push(bold(format!("--{long}")));
    }
    if values.takes_values() {
        let name = argument.get_value_names().and_then(<[_]>::first);
        // A name and its value are not parted at the end of a line.
        inlines.extend((!inlines.is_empty()).then(|| roman("\u{a0}")));
        inlines.push(italic(name.map_or("VALUE", |name| name.as_str())));
    }
    if argument.is_positional() && values.max_values() > 1 {
        inlines.push(roman("..."));
    }
    if !argument.is_required_set() {
        inlines.insert(0, roman("["));
        inlines.push(roman("]"));
    }
    inlines.push(roman(" "));
    inlines
}

fn text_of(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(io::Error::other)
}
