//! Text as it stands in help texts: what is typed between `backquotes`, one empty line between
//! paragraphs, lists of exit statuses.

use clap_mangen::roff::{Inline, bold, roman};

/// What is typed is bold.
pub fn inlines(text: &str) -> Vec<Inline> {
    let parts = text.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts.map(|(number, part)| if number % 2 == 1 { bold(part) } else { roman(part) }).collect()
}

/// With the full stop that clap takes away.
pub fn sentence(text: &str) -> String {
    let has_end = text.ends_with(['.', ':', '!', '?']);
    if has_end { text.to_owned() } else { format!("{text}.") }
}

/// As the section NAME has it: not as a sentence, and nothing in it is typed.
pub fn purpose(text: &str) -> String {
    let plain = text.replace('`', "");
    let mut letters = plain.chars();
    letters.next().map_or(plain.clone(), |first| first.to_lowercase().chain(letters).collect())
}

/// What stands behind the options in a help text.
pub struct AfterHelp<'t> {
    /// The statuses with what they mean.
    pub statuses: Vec<(&'t str, String)>,
    /// All other paragraphs but those that only lead to the manual.
    pub notes: Vec<&'t str>,
}

/// Takes apart what stands behind the options in a help text.
pub fn after_help(text: &str) -> AfterHelp<'_> {
    let mut after = AfterHelp { statuses: Vec::new(), notes: Vec::new() };
    for paragraph in text.split("\n\n") {
        match paragraph.split_once(":\n") {
            Some((title, list)) if title.starts_with("Exit status") => {
                after.statuses = statuses(list);
            }
            _ if paragraph.contains("(1)") => {}
            _ => after.notes.push(paragraph),
        }
    }
    after
}

/// `  0  what it means`, and lines that go on with it.
fn statuses(list: &str) -> Vec<(&str, String)> {
    let mut statuses: Vec<(&str, String)> = Vec::new();
    for line in list.lines().map(str::trim) {
        match (line.split_once("  "), statuses.last_mut()) {
            (Some((status, meaning)), _) => statuses.push((status, meaning.to_owned())),
            (None, Some((_, meaning))) => *meaning = format!("{meaning} {line}"),
            (None, None) => {}
        }
    }
    statuses
}
