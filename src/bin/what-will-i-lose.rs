//! Says what would be lost at the next boot. Wires arguments to the library, nothing more.

use std::process::ExitCode;

use blankslate::cli::args::WhatWillILose;
use blankslate::cli::{exit, what_will_i_lose};
use clap::Parser;

fn main() -> ExitCode {
    let args = WhatWillILose::parse();
    exit::end(what_will_i_lose::NAME, what_will_i_lose::run(&args))
}
