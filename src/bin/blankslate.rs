//! The commands for admins. Wires arguments to the library, nothing more.

use std::process::ExitCode;

use blankslate::cli::{commands, exit};
use clap::Parser;

fn main() -> ExitCode {
    let args = commands::Blankslate::parse();
    exit::end(commands::NAME, commands::run(&args))
}
