//! `make demo`: tells the story of a host that is erased at every boot, on a real kernel with real
//! ZFS. What it prints is what it has checked.

use std::io::Write as _;
use std::process::ExitCode;

use vm_tests::programs::Programs;
use vm_tests::story::{self, Piece};
use vm_tests::workdir::Workdir;

fn main() -> ExitCode {
    match tell() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn tell() -> anyhow::Result<()> {
    let mut listener = |piece: Piece<'_>| {
        let text = match piece {
            Piece::Chapter(title) => format!("\n== {title}\n\n"),
            Piece::Sentence(sentence) => format!("{sentence}\n"),
            Piece::Quote(quote) => {
                quote.lines().map(|line| ["    ", line, "\n"].concat()).collect()
            }
        };
        // A reader that goes away does not end the story: it is still checked to its end.
        let _gone = std::io::stdout().lock().write_all(text.as_bytes());
    };
    story::tell(&Programs::built()?, &Workdir::new("demo")?, &mut listener)
}
