//! `make bench`: the boot step against `zfs rollback -r`, the report against `zfs diff`, in one run of
//! one guest, as ratios; a boot with the units and without. With an argument only one table: `pool`,
//! `boot`, `shipped`.

use std::process::ExitCode;

use vm_tests::bench;

fn main() -> ExitCode {
    let only = std::env::args().nth(1);
    match bench::run(&mut std::io::stdout(), only.as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
