//! `blankslate-initrd`: the boot steps. Reads arguments, runs one step, turns its end into an exit
//! status. Everything it does is in the library; this crate can be read in one sitting.

mod adopt;
mod arguments;
mod boot;
mod found;
mod log;
mod persist;

use std::process::ExitCode;

use arguments::{Command, USAGE, parse};

/// Nothing to complain of.
const FINE: u8 = 0;
/// Something that should have happened did not; the host may boot on.
const NOT_DONE: u8 = 1;
/// Trouble: unusable arguments or configuration, or a root that must not boot un-erased.
const TROUBLE: u8 = 2;

fn main() -> ExitCode {
    log::start();
    let status = match parse(std::env::args_os()) {
        Ok(Command::Help) => print(USAGE),
        Ok(Command::Version) => {
            print(concat!("blankslate-initrd ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        Ok(Command::Boot { config }) => boot::run(&config),
        Ok(Command::Persist { config, root }) => persist::run(&config, &root),
        Err(error) => {
            tracing::error!("{error:#}; see blankslate-initrd --help");
            TROUBLE
        }
    };
    ExitCode::from(status)
}

/// A reader that went away is no trouble.
fn print(text: &str) -> u8 {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => FINE,
        Err(cause) if cause.kind() == std::io::ErrorKind::BrokenPipe => FINE,
        Err(_) => TROUBLE,
    }
}
