//! The units of the package with what the module adds to them for one host, as systemd sees them.
//!
//! The mounts are those that systemd's own generator makes of the host's file systems. The units that
//! import pools are written by `texts.nix`, as NixOS names and orders them.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::nix::{REPOSITORY, evaluated};
use crate::units_of;

const SYSTEM: &str = "/lib/systemd/system";
const GENERATOR: &str = "/lib/systemd/system-generators/systemd-fstab-generator";

/// A directory of units, as `systemd-analyze` reads them.
struct Units {
    top: TempDir,
}

impl Units {
    /// The units of the package, for programs that do nothing.
    fn new() -> Self {
        let units = Self { top: TempDir::new().unwrap() };
        let bin = units.top.path().join("bin");
        for program in ["blankslate", "blankslate-initrd", "what-will-i-lose"] {
            let file = units.write(&format!("bin/{program}"), "#!/bin/sh\n");
            fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        for unit in fs::read_dir(Path::new(REPOSITORY).join("initrd/units")).unwrap() {
            let unit = unit.unwrap();
            let text = fs::read_to_string(unit.path()).unwrap();
            let name = unit.file_name().into_string().unwrap();
            units.write(&format!("units/{name}"), &text.replace("@bin@", bin.to_str().unwrap()));
        }
        units
    }

    fn write(&self, at: &str, text: &str) -> PathBuf {
        let file = self.top.path().join(at);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        file
    }

    /// Adds what is generated: files, and links, which have no text, for what pulls a unit in.
    fn add(&self, generated: &Value) {
        for (at, text) in generated.as_object().unwrap() {
            let text = text.as_str().unwrap();
            if !text.is_empty() {
                self.write(&format!("units/{at}"), text);
                continue;
            }
            let link = self.top.path().join("units").join(at);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(Path::new("..").join(link.file_name().unwrap()), link).unwrap();
        }
    }

    /// Adds the mounts of the initrd.
    fn mount(&self, fstab: &str) {
        let file = self.write("fstab", fstab);
        let mut generator = Command::new(GENERATOR);
        for directory in ["generated", "early", "late"] {
            let directory = self.top.path().join(directory);
            fs::create_dir(&directory).unwrap();
            generator.arg(directory);
        }
        generator.env("SYSTEMD_IN_INITRD", "1").env("SYSTEMD_PROC_CMDLINE", "");
        generator.env("SYSTEMD_SYSROOT_FSTAB", file).env("SYSTEMD_FSTAB", "/dev/null");
        let output = generator.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// What systemd has to say against a unit and everything that it pulls in.
    fn complaints(&self, unit: &str) -> String {
        let top = self.top.path().to_str().unwrap();
        let mut analyze = Command::new("systemd-analyze");
        analyze.args(["verify", "--man=no", "--recursive-errors=yes", unit]);
        analyze.env("SYSTEMD_UNIT_PATH", format!("{top}/units:{top}/generated:{SYSTEM}"));
        let output = analyze.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { said } else { format!("{}: {said}", output.status) }
    }
}

/// What was generated for the hosts, where there is a systemd to ask.
fn asked() -> Option<&'static Value> {
    let all = evaluated()?;
    if Path::new(GENERATOR).exists() && Path::new(SYSTEM).join("initrd.target").exists() {
        return Some(all);
    }
    let _ = writeln!(io::stderr(), "SKIPPED: there is no systemd to verify the units");
    None
}

fn initrd_of(host: &Value) -> Units {
    let units = Units::new();
    units.add(&host["initrd"]);
    units.add(&host["imports"]);
    units.mount(host["fstab"].as_str().unwrap());
    units
}

#[test]
fn systemd_has_nothing_against_the_initrd() {
    let Some(all) = asked() else { return };
    for name in ["example", "every-option", "every-device"] {
        let units = initrd_of(&units_of(all, name));
        assert_eq!(units.complaints("initrd.target"), "", "{name}");
    }
}

#[test]
fn systemd_has_nothing_against_the_host() {
    let Some(all) = asked() else { return };
    for name in ["example", "every-option"] {
        let units = Units::new();
        units.add(&units_of(all, name)["host"]);
        assert_eq!(units.complaints("multi-user.target"), "", "{name}");
    }
}

/// systemd checks a file system before it mounts it, and takes the device for itself meanwhile.
#[test]
fn what_a_store_waits_for_the_rollback_waits_for_too() {
    let Some(all) = asked() else { return };
    let host = units_of(all, "every-device");
    let rollback = host["initrd"]["blankslate-rollback.service.d/overrides.conf"].as_str().unwrap();
    let units = initrd_of(&host);
    let mut checks = BTreeSet::new();
    for unit in fs::read_dir(units.top.path().join("generated")).unwrap() {
        let text = fs::read_to_string(unit.unwrap().path()).unwrap_or_default();
        let words = text.split(['=', ' ', '\n']);
        checks.extend(words.filter(|word| word.starts_with("systemd-fsck@")).map(str::to_owned));
    }
    assert_eq!(checks.len(), 3, "{checks:#?}");
    for check in checks {
        let device = check.replace("systemd-fsck@", "").replace(".service", ".device");
        let awaited: Vec<&str> = rollback.split([' ', '=', '\n']).collect();
        assert!(awaited.contains(&check.as_str()), "{check}: {rollback}");
        assert!(awaited.contains(&device.as_str()), "{device}: {rollback}");
    }
}

/// Otherwise the tests above would see nothing either.
#[test]
fn a_step_that_comes_too_late_would_be_seen() {
    let Some(all) = asked() else { return };
    for (unit, order) in [
        ("blankslate-rollback.service", "After=sysroot.mount"),
        ("blankslate-persist.service", "After=initrd.target"),
    ] {
        let units = initrd_of(&units_of(all, "example"));
        units.write(&format!("units/{unit}.d/wrong.conf"), &format!("[Unit]\n{order}\n"));
        let said = units.complaints("initrd.target");
        assert!(said.contains("Found ordering cycle"), "{unit} {order}: {said}");
    }
}
