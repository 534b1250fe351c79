//! The manual pages of the programs, and their completions.
//!
//! In: the arguments as the programs define them, and what more there is to say (`texts`). Out: text.
//! What `--help` says is not written a second time: a page takes its exit status from there.

mod layout;
mod marks;
mod texts;
mod words;

use std::io;

use blankslate::cli::args::WhatWillILose;
use blankslate::cli::commands::Blankslate;
use clap::builder::Str;
use clap::{Command, CommandFactory as _, ValueHint};
use clap_complete::Shell;

use layout::Layout;

/// One page of section 1.
#[derive(Debug)]
pub struct Page {
    /// What it is called, e.g. `blankslate-apply`.
    pub name: String,
    /// Its source, as man(7) has it.
    pub text: String,
}

/// Both programs. clap's own command `help` is none of theirs.
#[must_use]
pub fn programs() -> [Command; 2] {
    [Blankslate::command(), WhatWillILose::command()].map(|program| {
        let mut program = program.disable_help_subcommand(true);
        program.build();
        program
    })
}

/// A page for each program and for each of its commands.
///
/// # Errors
/// Nobody wrote what more there is to say about a command, or clap's part of a page cannot be used.
pub fn pages() -> io::Result<Vec<Page>> {
    let mut pages = Vec::new();
    for program in programs() {
        for command in std::iter::once(&program).chain(program.get_subcommands()) {
            pages.push(page(command)?);
        }
    }
    Ok(pages)
}

fn page(command: &Command) -> io::Result<Page> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let texts = texts::of(&name).ok_or_else(|| {
        io::Error::other(format!("{name} has no text; write one in examples/manual/pages/texts.rs"))
    })?;
    let mut page = Layout::begin(command, &name)?;
    page.description(command, texts.description);
    page.commands(command, &name);
    page.options(command)?;
    page.exit_status(command, words::of(&name));
    page.pairs("ENVIRONMENT", texts.environment);
    page.pairs("FILES", texts.files);
    page.examples(texts.examples);
    page.see_also(texts.see);
    Ok(Page { name, text: page.end() })
}

/// The completions of both programs, each with the file name that its shell looks for.
///
/// # Errors
/// One of them is no text.
pub fn completions() -> io::Result<Vec<(String, String)>> {
    let mut scripts = Vec::new();
    for program in programs() {
        let name = program.get_name().to_owned();
        let hinted = hinted(program);
        for (shell, file) in [
            (Shell::Bash, format!("{name}.bash")),
            (Shell::Zsh, format!("_{name}")),
            (Shell::Fish, format!("{name}.fish")),
        ] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut hinted.clone(), &name, &mut script);
            scripts.push((file, String::from_utf8(script).map_err(io::Error::other)?));
        }
    }
    Ok(scripts)
}

/// The name of a value says what completes it: one rule, and no hint at any argument.
fn hinted(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let name = argument.get_value_names().and_then(<[_]>::first);
        let hint = match name.map(Str::as_str) {
            Some("DIR") => ValueHint::DirPath,
            Some("FILE") => ValueHint::FilePath,
            Some("PATH") => ValueHint::AnyPath,
            _ => return argument,
        };
        argument.value_hint(hint)
    });
    command.mut_subcommands(hinted)
}
