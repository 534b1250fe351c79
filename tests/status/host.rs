//! A host on real mounts, in a mount namespace of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::namespace::mount;
use crate::unmount::unmount_below;

pub struct Host(pub PathBuf);

pub const HEAD: &str = "version = 1\n[[root]]\nmount = \"/\"\nkind = \"zfs\"\ndataset = \"rpool/root\"\nsnapshot = \"blank\"\n[[store]]\npath = \"/persist\"\ndevice = \"rpool/persist\"\nfs = \"zfs\"\n";

/// A receipt with one root.
pub fn boot(outcome: &str, reason: &str) -> String {
    format!(
        r#"{{"version": 1, "program": "0.1.0", "config": "{}", "trouble": null, "roots": [{{
        "mount": "/", "dataset": "rpool/root", "snapshot": "blank", "outcome": "{outcome}", "reason": {reason},
        "on_failure": "continue", "newer_snapshots": "destroy", "snapshot_guid": null, "facts": null,
        "destroyed": [], "adopted": []}}],
        "microseconds": {{"facts": 1, "adopt": 0, "decide": 2, "run": 3}}}}"#,
        "0".repeat(64)
    )
}

/// A record with these entries: target and way.
pub fn persist(entries: &[(&str, &str)]) -> String {
    let entry = |(target, how): &(&str, &str)| {
        format!(
            r#"{{"target": "{target}", "source": "/persist{target}", "how": "{how}", "declared": true,
            "outcome": "done", "reason": null, "in_place": true,
            "set_aside": ["{target}.blankslate-adopted-1"]}}"#
        )
    };
    let entries: Vec<String> = entries.iter().map(entry).collect();
    let entries = entries.join(", ");
    format!(
        r#"{{"version": 1, "program": "0.1.0", "config": "{}", "trouble": null, "mounts": [],
        "unfinished": [], "entries": [{entries}]}}"#,
        "0".repeat(64)
    )
}

/// One entry in a configuration: target, kind, how.
pub fn entry((target, kind, how): (&str, &str, &str)) -> String {
    format!("[[store.entry]]\ntarget = \"{target}\"\nkind = \"{kind}\"\nhow = \"{how}\"\n")
}

impl Host {
    /// A root and a store, and a root that was rolled back. It is a directory on a disk: no file system
    /// that forgets, and nothing that is mounted in the place of the declared dataset.
    pub fn new(top: &Path, entries: &[(&str, &str, &str)], record: &[(&str, &str)]) -> Self {
        let host = Self(top.to_owned());
        fs::create_dir_all(top.join("persist")).unwrap();
        mount("tmpfs", "mode=755", &top.join("persist"));
        let entries: String = entries.iter().map(|entry| self::entry(*entry)).collect();
        host.write("run/blankslate/c.toml", &format!("{HEAD}{entries}"));
        host.write("run/blankslate/boot.json", &boot("rolled-back", "null"));
        host.write("run/blankslate/persist.json", &persist(record));
        host
    }

    pub fn write(&self, at: &str, text: &str) -> PathBuf {
        let file = self.0.join(at);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        file
    }

    pub fn bind(&self, at: &str) {
        let (source, target) = (self.0.join("persist").join(at), self.0.join(at));
        let status = Command::new("mount").arg("--bind").args([source, target]).status().unwrap();
        assert!(status.success());
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blankslate"));
        let (root, config) = ("--root=.", "--config=run/blankslate/c.toml");
        command.args(arguments).args([root, config]).current_dir(&self.0).output().unwrap()
    }

    /// The exit status, what was printed, and what was said.
    pub fn said(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        unmount_below(&self.0);
    }
}

/// What is wrong with `json` by the schema of this name.
pub fn faults(schema: &str, json: &serde_json::Value) -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema").join(schema);
    let schema = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    schema.iter_errors(json).map(|fault| format!("{fault} at {}", fault.instance_path())).collect()
}

pub fn umount(at: &Path) {
    assert!(Command::new("umount").arg("-R").arg(at).status().unwrap().success());
}
