//! `blankslate plan`, `apply`, `adopt` and `forget` as an admin types them, on real mounts.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests"
)]

#[path = "../support/namespace.rs"]
mod namespace;
#[path = "../support/unmount.rs"]
mod unmount;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use namespace::{inside, mount};

/// A directory on a disk, with a store on a tmpfs.
struct Host(PathBuf);

impl Drop for Host {
    fn drop(&mut self) {
        unmount::unmount_below(&self.0);
    }
}

impl Host {
    fn new(top: &Path) -> Self {
        fs::create_dir_all(top.join("persist")).unwrap();
        fs::create_dir_all(top.join("run")).unwrap();
        mount("tmpfs", "mode=755", &top.join("persist"));
        Self(top.to_owned())
    }

    fn write(&self, at: &str, text: &str) {
        let file = self.0.join(at);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn read(&self, at: &str) -> String {
        fs::read_to_string(self.0.join(at)).unwrap()
    }

    /// Declares entries: target, kind, and how.
    fn declare(&self, entries: &[(&str, &str, &str)]) {
        let mut text = "version = 1\n[[store]]\npath = \"/persist\"\n".to_owned();
        for (target, kind, how) in entries {
            write!(
                text,
                "[[store.entry]]\ntarget = {target:?}\nkind = \"{kind}\"\nhow = \"{how}\"\n"
            )
            .unwrap();
        }
        self.write("run/config.toml", &text);
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blankslate"));
        command.args(args).arg("--root").arg(&self.0);
        command.arg("--config").arg(self.0.join("run/config.toml")).output().unwrap()
    }

    /// Runs a command and returns its exit status, standard output and standard error.
    fn say(&self, args: &[&str]) -> (i32, String, String) {
        let output = self.run(args);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

const ADOPTED: &str = "\
copied /var/lib/db to /persist/var/lib/db: 2 files, 4 B
what lay at /var/lib/db lies at /var/lib/.blankslate-adopted-0 now
/var/lib/db is in place
1 of 1 entries are in place
";

#[test]
fn userns_a_plan_says_what_apply_then_does_and_changes_nothing() {
    inside("userns_a_plan_says_what_apply_then_does_and_changes_nothing", |top| {
        let host = Host::new(top);
        host.write("var/lib/db/table", "data");
        host.declare(&[("/var/lib/db", "directory", "bind")]);
        let plan = "\
/var/lib/db
  would make the directory /persist/var, owner 0:0, mode 0755
  would make the directory /persist/var/lib, owner 0:0, mode 0755
  would copy /var/lib/db to /persist/var/lib/db
  would set /var/lib/db aside
  would bind /persist/var/lib/db on /var/lib/db
0 of 1 entries are in place, 1 would be changed
";
        assert_eq!(host.say(&["plan"]), (1, plan.to_owned(), String::new()));
        assert!(!host.0.join("persist/var").exists());
        assert_eq!(host.say(&["apply"]), (0, ADOPTED.to_owned(), String::new()));
        assert_eq!(host.read("persist/var/lib/db/table"), "data");
        let done = "1 of 1 entries are in place\n".to_owned();
        assert_eq!(host.say(&["plan"]), (0, done.clone(), String::new()));
        assert_eq!(host.say(&["apply"]), (0, done, String::new()));
    });
}

const WAITS: &str = "waits: nothing has made it yet; as soon as something has, `blankslate apply` or the next boot keeps it, unless something else erases it before\n";

#[test]
fn userns_a_file_that_nobody_made_waits_and_plan_and_apply_have_nothing_to_do() {
    inside("userns_a_file_that_nobody_made_waits_and_plan_and_apply_have_nothing_to_do", |top| {
        let host = Host::new(top);
        host.declare(&[("/etc/ssh/key", "file", "bind"), ("/etc/ssh/key.pub", "file", "symlink")]);
        let none = "0 of 2 entries are in place, 2 are waiting\n";
        let plan = format!("/etc/ssh/key {WAITS}/etc/ssh/key.pub {WAITS}{none}");
        assert_eq!(host.say(&["plan"]), (0, plan, String::new()));
        for _ in 0..2 {
            assert_eq!(host.say(&["apply"]), (0, none.to_owned(), String::new()));
        }
        assert!(!host.0.join("etc").exists() && !host.0.join("persist/etc").exists());
        let (status, text, _) = host.say(&["plan", "--format", "json"]);
        let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, faults(&plan)), (0, Vec::new()));
        let key = &plan["entries"][0];
        let waits = WAITS.trim_start_matches("waits: ").trim_end();
        assert_eq!((&key["waits"], &key["steps"]), (&waits.into(), &serde_json::json!([])));
        host.write("etc/ssh/key", "key");
        let done = "\
copied /etc/ssh/key to /persist/etc/ssh/key: 1 file, 3 B
what lay at /etc/ssh/key lies at /etc/ssh/.blankslate-adopted-0 now
/etc/ssh/key is in place
1 of 2 entries are in place, 1 is waiting
";
        assert_eq!(host.say(&["apply"]), (0, done.to_owned(), String::new()));
        assert_eq!(host.read("persist/etc/ssh/key"), "key");
    });
}

fn faults(plan: &serde_json::Value) -> Vec<String> {
    let schema = include_str!("../../docs/schema/plan-1.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    schema.iter_errors(plan).map(|fault| fault.to_string()).collect()
}

#[test]
fn userns_the_plan_as_json_fits_its_schema() {
    inside("userns_the_plan_as_json_fits_its_schema", |top| {
        let host = Host::new(top);
        host.write("var/lib/db/table", "data");
        host.write("etc/both", "one");
        host.write("persist/etc/both", "other");
        host.declare(&[("/var/lib/db", "directory", "bind"), ("/etc/both", "file", "bind")]);
        let (status, text, _) = host.say(&["plan", "--format", "json"]);
        assert_eq!(status, 1);
        let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(faults(&plan), Vec::<String>::new());
        let refused = plan["entries"][0]["refused"].as_str().unwrap();
        assert_eq!(
            refused,
            "/etc/both and /persist/etc/both both hold data and differ, first in the content of \
             /etc/both; compare the two, move one of them away, and run `blankslate apply`"
        );
    });
}

#[test]
fn userns_only_what_is_named_is_adopted() {
    inside("userns_only_what_is_named_is_adopted", |top| {
        let host = Host::new(top);
        host.write("var/lib/db/table", "data");
        host.write("etc/own.conf", "mine");
        host.declare(&[("/var/lib/db", "directory", "bind"), ("/etc/own.conf", "file", "symlink")]);
        assert_eq!(host.say(&["adopt", "/var/lib/db"]), (0, ADOPTED.to_owned(), String::new()));
        assert!(!host.0.join("persist/etc").exists());
        let (status, _, said) = host.say(&["adopt", "/var/lib/other"]);
        assert_eq!(
            (status, said.as_str()),
            (
                2,
                "blankslate: /var/lib/other is not declared; `blankslate explain /var/lib/other` prints the lines that declare it\n"
            )
        );
        let (status, _, said) = host.say(&["adopt", "/var/lib/db/table"]);
        assert_eq!(
            (status, said.as_str()),
            (
                2,
                "blankslate: /var/lib/db/table lies in the entry /var/lib/db, which is kept as a whole; run `blankslate adopt /var/lib/db`\n"
            )
        );
        let (status, _, _) = host.say(&["apply"]);
        assert_eq!(status, 0);
        let link = fs::read_link(host.0.join("etc/own.conf")).unwrap();
        assert_eq!(link, Path::new("/persist/etc/own.conf"));
        assert_eq!(host.read("etc/.blankslate-adopted-0"), "mine");
    });
}

#[test]
fn userns_what_is_not_declared_any_more_goes_out_of_place_and_can_be_forgotten() {
    inside("userns_what_is_not_declared_any_more_goes_out_of_place_and_can_be_forgotten", |top| {
        let host = Host::new(top);
        host.write("persist/srv/www/page", "page");
        host.declare(&[("/srv/www", "directory", "bind")]);
        assert_eq!(host.say(&["apply"]).0, 0);
        let (status, _, said) = host.say(&["forget", "/srv/www"]);
        assert_eq!(
            (status, said.as_str()),
            (
                2,
                "blankslate: /srv/www is declared in line 4; drop that first, or the next run would adopt it again\n"
            )
        );
        host.declare(&[]);
        let (status, said, _) = host.say(&["apply"]);
        assert_eq!(
            (status, said.as_str()),
            (0, "/srv/www is out of place, it is not declared\n0 of 0 entries are in place\n")
        );
        assert!(!host.0.join("srv/www/page").exists());
        assert_eq!(host.read("persist/srv/www/page"), "page");
        let (status, said, _) = host.say(&["forget", "/srv/www"]);
        assert_eq!(status, 0);
        assert_eq!(
            said,
            "copied /persist/srv/www to /srv/www: 2 files, 4 B\n\
                 /srv/www lies on the root again; the store still holds /persist/srv/www\n"
        );
        assert_eq!(host.read("srv/www/page"), "page");
        assert_eq!(host.read("persist/srv/www/page"), "page");
        let (status, _, said) = host.say(&["forget", "/srv/none"]);
        assert_eq!(
            (status, said.as_str()),
            (
                2,
                "blankslate: no store holds /srv/none; `blankslate status` lists what lies in the stores\n"
            )
        );
    });
}

#[test]
fn userns_an_entry_that_is_changed_is_moved_over() {
    inside("userns_an_entry_that_is_changed_is_moved_over", |top| {
        let host = Host::new(top);
        host.write("persist/srv/www/page", "page");
        for how in ["bind", "symlink", "bind"] {
            host.declare(&[("/srv/www", "directory", how)]);
            let (status, _, said) = host.say(&["apply"]);
            assert_eq!((status, said.as_str()), (0, ""), "{how}");
            let is_link = host.0.join("srv/www").is_symlink();
            assert_eq!(is_link, how == "symlink");
        }
        assert_eq!(host.read("srv/www/page"), "page");
    });
}

#[test]
fn userns_an_entry_that_is_in_use_and_not_declared_any_more_is_left_for_the_next_boot() {
    inside(
        "userns_an_entry_that_is_in_use_and_not_declared_any_more_is_left_for_the_next_boot",
        |top| {
            let host = Host::new(top);
            host.write("persist/srv/www/page", "page");
            host.declare(&[("/srv/www", "directory", "bind")]);
            assert_eq!(host.say(&["apply"]).0, 0);
            let open = fs::File::open(host.0.join("srv/www/page")).unwrap();
            host.declare(&[]);
            let (status, _, said) = host.say(&["apply"]);
            assert_eq!(
                (status, said.as_str()),
                (
                    1,
                    "blankslate: /srv/www is still in place: it is in use; the next boot leaves it out\n"
                )
            );
            drop(open);
            assert_eq!(host.say(&["apply"]).0, 0);
            assert!(!host.0.join("srv/www/page").exists());
        },
    );
}

#[test]
fn without_root_it_says_which_privilege_is_missing() {
    let top = tempfile::tempdir().unwrap();
    let config = top.path().join("config.toml");
    fs::write(&config, "version = 1\n").unwrap();
    let mut command = Command::new("setpriv");
    if nix::unistd::geteuid().is_root() {
        command.args(["--bounding-set", "-all", "--inh-caps", "-all", "--"]);
    } else {
        command.arg("--");
    }
    let output = command
        .arg(env!("CARGO_BIN_EXE_blankslate"))
        .args(["apply", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("blankslate: cannot put entries in place without CAP_"), "{said}");
    assert!(said.ends_with("; run it as root\n"), "{said}");
}
