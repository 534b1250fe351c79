//! Writes the manual pages and the shell completions into a directory: `man/man1/NAME.1`, and in
//! `completions` `NAME.bash`, `_NAME` for zsh and `NAME.fish`.
//!
//! In: the arguments as the programs define them, and the texts beside them. Out: files that are the
//! same at every run; no clock and no environment is asked. The pages of docs/man are written by hand.
#![expect(clippy::disallowed_methods, reason = "it writes files, and no program of the host")]

mod pages;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let (Some(directory), None) = (args.next(), args.next()) else {
        eprintln!("usage: manual DIRECTORY");
        return ExitCode::from(2);
    };
    match write(&PathBuf::from(directory)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("manual: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn write(directory: &Path) -> Result<()> {
    let pages = pages::pages().context("cannot make the pages")?.into_iter();
    let pages = pages.map(|page| (format!("man/man1/{}.1", page.name), page.text));
    let scripts = pages::completions().context("cannot make the completions")?.into_iter();
    let scripts = scripts.map(|(name, text)| (format!("completions/{name}"), text));
    for (name, text) in pages.chain(scripts) {
        let file = directory.join(name);
        let shown = file.display();
        if let Some(above) = file.parent() {
            fs::create_dir_all(above)
                .with_context(|| format!("cannot make {}", above.display()))?;
        }
        fs::write(&file, text).with_context(|| format!("cannot write {shown}"))?;
    }
    Ok(())
}
