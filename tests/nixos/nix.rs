//! One evaluation for all tests of this program.

use std::io::{self, Write as _};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The top of the repository.
pub const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// What `default.nix` is. None where it cannot be evaluated on this machine, which is said.
///
/// # Panics
/// When the evaluation fails, with what Nix says about it.
pub fn evaluated() -> Option<&'static Value> {
    static ONCE: OnceLock<Option<Value>> = OnceLock::new();
    let all = ONCE.get_or_init(|| {
        std::env::var_os("BLANKSLATE_NIXPKGS_LIB").filter(|lib| !lib.is_empty())?;
        let mut nix = Command::new("nix-instantiate");
        // The dummy store: nothing is built, and nothing of the machine is touched.
        nix.args(["--store", "dummy://", "--eval", "--strict", "--json"]);
        let output = nix.arg(format!("{REPOSITORY}/tests/nixos")).output();
        if output.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return None;
        }
        let output = output.expect("nix-instantiate can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the module does not evaluate:\n{said}");
        Some(serde_json::from_slice(&output.stdout).expect("Nix prints JSON"))
    });
    if all.is_none() {
        // Not eprintln!, which nobody sees of a test that passes.
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        let _ = writeln!(
            io::stderr(),
            "SKIPPED {test}: the NixOS module was not evaluated; it needs nix-instantiate and \
             BLANKSLATE_NIXPKGS_LIB, the lib directory of nixpkgs"
        );
    }
    all.as_ref()
}
