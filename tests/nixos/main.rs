//! The NixOS module, evaluated: the real files with nixpkgs' real library, on stubs of the options of
//! NixOS that they read and write (`stubs.nix`). What it generates goes to the real programs.
//!
//! `BLANKSLATE_NIXPKGS_LIB` names nixpkgs' `lib` directory; without it, or without `nix-instantiate`,
//! each test says so on standard error and passes. After a change that is meant, write the golden files
//! and docs/options.md anew with `BLANKSLATE_BLESS=1 cargo test --test nixos` and read the difference.
#![expect(clippy::disallowed_methods, reason = "tests make files and start programs")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests are tests, which clippy.toml does not know of them"
)]

mod boot;
mod nix;
mod units;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use nix::{REPOSITORY, evaluated};
use serde_json::Value;

/// Compares every sentence of one file in `cases/`, and fails with all that do not hold.
fn hold(file: &str) {
    let Some(all) = evaluated() else { return };
    let cases = all["cases"][file].as_object().expect("a file of cases");
    assert!(!cases.is_empty(), "{file} has no cases");
    let mut wrong = String::new();
    for (sentence, case) in cases.iter().filter(|(_, case)| case["actual"] != case["expected"]) {
        let (actual, expected) = (&case["actual"], &case["expected"]);
        let _ = write!(wrong, "\n{sentence}\n  is:        {actual:#}\n  should be: {expected:#}");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_option_becomes_what_the_program_reads() {
    hold("entries");
}

#[test]
fn what_is_written_by_hand_is_added_and_what_is_off_is_not_there() {
    hold("settings");
}

#[test]
fn presets_become_entries() {
    hold("presets");
}

#[test]
fn every_assertion_fires_alone_and_with_its_cure() {
    hold("checks");
}

#[test]
fn every_warning_is_seen() {
    hold("warnings");
}

#[test]
fn units_run_where_and_when_they_should() {
    hold("units");
}

#[test]
fn stores_are_awaited_whatever_they_lie_on() {
    hold("devices");
}

#[test]
fn what_peers_were_told_to_keep_is_kept() {
    hold("moving");
}

#[test]
fn every_option_is_documented() {
    hold("options");
}

#[test]
fn hosts_of_the_tests_on_nixos_are_sound() {
    hold("scenarios");
}

/// Compares with a file of the repository, or writes it.
fn is_as_in(file: &str, text: &str) {
    let path = Path::new(REPOSITORY).join(file);
    if std::env::var_os("BLANKSLATE_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    for (line, (is, should)) in text.lines().zip(golden.lines()).enumerate() {
        assert_eq!(is, should, "line {} of {file}", line + 1);
    }
    assert_eq!(text.len(), golden.len(), "{file} is of another length");
}

/// What `blankslate check` says about a configuration that it accepts, line by line.
fn accepted(name: &str, text: &str) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    let mut check = Command::new(env!("CARGO_BIN_EXE_blankslate"));
    let output = check.arg("check").arg(file.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{name}: {said}\n{text}");
    said.lines().map(str::to_owned).collect()
}

#[test]
fn the_program_accepts_every_generated_configuration() {
    let Some(all) = evaluated() else { return };
    let configurations = all["texts"]["configurations"].as_object().unwrap();
    assert_eq!(configurations.len(), 7);
    for (name, text) in configurations {
        accepted(name, text.as_str().unwrap());
    }
}

#[test]
fn generated_configurations_are_as_they_were() {
    let Some(all) = evaluated() else { return };
    for name in ["example", "every-option", "from-impermanence", "from-preservation"] {
        let text = all["texts"]["configurations"][name].as_str().unwrap();
        is_as_in(&format!("tests/nixos/golden/{name}.toml"), text);
    }
}

/// The guest of vm-tests that is shaped like NixOS boots with these.
#[test]
fn generated_units_are_as_they_were() {
    let Some(all) = evaluated() else { return };
    for stage in ["initrd", "host"] {
        let host = units_of(all, "example");
        let mut links = String::new();
        for (at, text) in host[stage].as_object().unwrap() {
            match text.as_str().unwrap() {
                "" => links.extend([at, "\n"]),
                text => is_as_in(&format!("tests/nixos/golden/{stage}/{at}"), text),
            }
        }
        is_as_in(&format!("tests/nixos/golden/{stage}/links"), &links);
    }
}

/// The module warns of a part of what the program knows. It must not warn of anything else.
#[test]
fn the_program_knows_every_rewriter_of_the_module() {
    let Some(all) = evaluated() else { return };
    let rewritten = &all["texts"]["rewritten"];
    let said = accepted("rewritten", rewritten["text"].as_str().unwrap());
    let known = said.iter().filter(|line| line.contains("through a rename")).count();
    assert_eq!(Some(known as u64), rewritten["count"].as_u64(), "{said:#?}");
}

#[test]
fn the_option_reference_is_what_the_module_says() {
    let Some(all) = evaluated() else { return };
    is_as_in("docs/options.md", all["texts"]["reference"].as_str().unwrap());
}

/// Examples that people copy are those that are tested.
#[test]
fn the_documents_show_the_examples_that_are_tested() {
    let moving = fs::read_to_string(Path::new(REPOSITORY).join("nixos-module/moving.md")).unwrap();
    for name in ["impermanence", "preservation"] {
        let file = format!("nixos-module/examples/{name}.nix");
        let example = fs::read_to_string(Path::new(REPOSITORY).join(&file)).unwrap();
        // Without the comment at the top.
        let (_, example) = example.split_once('\n').unwrap();
        assert!(moving.contains(&format!("```nix\n{example}```\n")), "moving.md lacks {file}");
    }
}

/// What is generated for one host, for the tests of units.
fn units_of(all: &Value, host: &str) -> Value {
    all["texts"]["units"][host].clone()
}
