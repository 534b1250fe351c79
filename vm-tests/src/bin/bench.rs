//! `make bench`: the boot step against `zfs rollback -r`, the report against `zfs diff`, in one run of
//! one guest, as ratios.

use std::process::ExitCode;

use vm_tests::bench;

fn main() -> ExitCode {
    match bench::run(&mut std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
