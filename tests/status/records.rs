//! What the records of a boot make of a status, and `check`.

use std::fs;
use std::process::{Command, Output};

use crate::host::{HEAD, boot, entry, faults, persist};

/// Runs `blankslate` with `arguments` in a tree with these records and a configuration.
fn run(records: &[(&str, &str)], config: Option<&str>, arguments: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let records_dir = dir.path().join("run/blankslate");
    fs::create_dir_all(&records_dir).unwrap();
    for (name, text) in records {
        fs::write(records_dir.join(name), text).unwrap();
    }
    if let Some(config) = config {
        fs::write(dir.path().join("c.toml"), config).unwrap();
    }
    Command::new(env!("CARGO_BIN_EXE_blankslate"))
        .args(arguments)
        .current_dir(dir.path())
        .output()
        .unwrap()
}

fn status(records: &[(&str, &str)], config: Option<&str>) -> (i32, String) {
    let output = run(records, config, &["status", "--root", ".", "--config", "c.toml"]);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[test]
fn what_the_initrd_did_is_told_and_what_it_should_have_done_is_status_1() {
    let root = HEAD.split("[[store]]").next().unwrap();
    let (good, refused) =
        (boot("rolled-back", "null"), boot("refused", "\"it is held; release it\""));
    let older = good.split("[{").next().unwrap().to_owned()
        + "[], \"microseconds\": {\"facts\": 1, \"decide\": 2, \"run\": 3}}";
    let nothing = persist(&[]);
    let trouble = nothing.replace("\"trouble\": null", "\"trouble\": \"no configuration\"");
    let unreadable = "blankslate: cannot read the configuration c.toml: No such file or directory (os error 2); set blankslate.enable = true in the configuration of NixOS, or name a file that is there with --config\n";
    let other = "the initrd read another configuration than the host has now\n";
    let rolled = "rpool/root rolled back to rpool/root@blank\n";
    let table: &[(Vec<(&str, &str)>, Option<&str>, i32, String)] = &[
        (vec![("boot.json", &good), ("persist.json", &nothing)], Some(root), 0, format!("{rolled}{other}")),
        (vec![("boot.json", &refused)], Some(root), 1, format!("rpool/root NOT rolled back: it is held; release it\n{other}")),
        (vec![("boot.json", &older)], Some(root), 1, format!("rpool/root NOT rolled back: the initrd did not try\n{other}")),
        (vec![("boot.json", &good), ("persist.json", &trouble)], Some(root), 1, format!("{rolled}nothing was put in place: no configuration\n{other}")),
        (vec![], Some(root), 1, "rpool/root NOT rolled back: the initrd did not try\n".into()),
        (vec![], Some("version = 1"), 0, "nothing is declared, and nothing was done\n".into()),
        (vec![], None, 2, unreadable.into()),
        (vec![("boot.json", &refused)], None, 2, format!("rpool/root NOT rolled back: it is held; release it\n{unreadable}")),
        (vec![("boot.json", "{\"version\": 2}")], None, 2, "blankslate: cannot understand ./run/blankslate/boot.json: another version of blankslate wrote it; the next boot writes it anew; move it away to see the rest\n".into()),
    ];
    for (records, config, code, text) in table {
        assert_eq!(status(records, *config), (*code, text.clone()), "{records:?}");
    }
}

#[test]
fn a_reason_that_every_step_had_is_told_once_with_its_cure() {
    let root = HEAD.split("[[store]]").next().unwrap();
    let cause = "cannot read the configuration c.toml: No such file or directory (os error 2)";
    let cure = "; set blankslate.enable = true in the configuration of NixOS, or name a file that is there with --config";
    let of = |record: String, trouble: &str| {
        record.replace("\"trouble\": null", &format!("\"trouble\": \"{trouble}\""))
    };
    let whole = format!("{cause}{cure}");
    let rolled = boot("rolled-back", "null");
    let no_roots = rolled.split("[{").next().unwrap().to_owned()
        + "[], \"microseconds\": {\"facts\": 1, \"decide\": 2, \"run\": 3}}";
    let (boot, placed) = (of(no_roots.clone(), &whole), of(persist(&[]), &whole));
    let (older, other) = (of(no_roots, cause), of(persist(&[]), "no lock"));
    let either = "the initrd could not use the configuration either\n";
    let now = format!("blankslate: {whole}\n");
    let changed = "the initrd read another configuration than the host has now\n";
    let table: &[(&str, &str, Option<&str>, i32, String)] = &[
        (
            &boot,
            &placed,
            None,
            2,
            format!("nothing was rolled back or put in place: {either}{now}"),
        ),
        (
            &older,
            &placed,
            None,
            2,
            format!("nothing was rolled back: {either}nothing was put in place: {either}{now}"),
        ),
        (
            &boot,
            &other,
            None,
            2,
            format!("nothing was rolled back: {either}nothing was put in place: no lock\n{now}"),
        ),
        (
            &rolled,
            &placed,
            None,
            2,
            format!(
                "rpool/root rolled back to rpool/root@blank\nnothing was put in place: {either}{now}"
            ),
        ),
        // The configuration can be used now.
        (
            &boot,
            &placed,
            Some(root),
            1,
            format!("nothing was rolled back or put in place: {whole}\n{changed}"),
        ),
        (
            &boot,
            &other,
            Some(root),
            1,
            format!(
                "nothing was rolled back: {whole}\nnothing was put in place: no lock\n{changed}"
            ),
        ),
    ];
    for (boot, persist, config, code, text) in table {
        let said = status(&[("boot.json", boot), ("persist.json", persist)], *config);
        assert_eq!(said, (*code, text.clone()), "{boot} {persist}");
    }
}

#[test]
fn a_store_that_is_not_there_is_told_once() {
    let entries = entry(("/srv/x", "directory", "bind")) + &entry(("/srv/y", "file", "bind"));
    let config = format!("{HEAD}{entries}");
    let (code, said) = status(&[("boot.json", &boot("rolled-back", "null"))], Some(&config));
    let line = "the store /persist is not there; is its file system mounted? In NixOS: fileSystems.\"/persist\".neededForBoot = true; none of its 2 entries can be used\n";
    let told =
        said.lines().filter(|line| line.contains("/persist") || line.contains("/srv")).count();
    assert!(said.contains(line) && told == 1, "{said}");
    assert_eq!((code, said.contains("0 of 2 entries are in place\n")), (1, true));
}

#[test]
fn the_status_of_a_boot_without_records_fits_its_schema_too() {
    let entries = entry(("/srv/x", "directory", "bind"));
    let arguments = ["status", "--root", ".", "--config", "c.toml", "--format", "json"];
    let output = run(&[], Some(&format!("{HEAD}{entries}")), &arguments);
    assert_eq!(output.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(faults("status-1.json", &json), Vec::<String>::new());
    assert_eq!(json["entries_not_tried"][0], "/srv/x");
    assert_eq!(json["entries"][0]["state"], "missing");
}

#[test]
fn a_configuration_is_checked_whole_with_its_globs() {
    let check = |config: &str| {
        let output = run(&[], Some(config), &["check", "c.toml"]);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(check(HEAD), (0, String::new()));
    let (code, said) = check("version = 1\nrot = 1\n[[store]]\n");
    assert_eq!(code, 2);
    assert_eq!(
        said,
        "blankslate: c.toml:2: rot: is no key here; did you mean root?\nc.toml:3: store.path: is missing; add path = \"…\"\n"
    );
    let (code, said) = check("version = 1\n[[report.accept]]\nglob = \"/a[\"\n");
    assert_eq!(code, 2);
    assert!(said.starts_with("blankslate: c.toml:2: report.accept.glob: "), "{said}");
}
