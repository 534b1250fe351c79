//! The report for people.

use crate::support::{Host, age, below};

const DAY: i64 = 86_400;

#[test]
fn lost_paths_come_with_size_files_age_and_what_to_do() {
    let host = Host::new();
    host.config(
        "[[report.accept]]\nglob = \"/var/tmp/**\"\nbecause = \"scratch space\"\n\
         [[report.accept]]\nglob = \"/nowhere/**\"\n",
    );
    host.both("/etc/hosts", "same");
    host.file("/etc/passwd", "new content");
    host.blank_file("/etc/passwd", "old");
    host.blank_file("/etc/gone", "was here");
    host.file("/root/notes", &"x".repeat(2048));
    host.file("/var/lib/forgotten/db/a", &"x".repeat(1_500_000));
    host.file("/var/lib/forgotten/db/b", "");
    host.file("/var/tmp/scratch/1", "1234");
    host.link("/var/lib/link", "/nowhere");
    std::fs::create_dir_all(below(&host.blank(), "/var/lib")).unwrap();
    age(&host.root(), 3 * DAY);
    age(&host.blank(), 30 * DAY);
    let said = host.run(&[]);
    let expected = "\
The configuration TMP/config.toml declares no root at /; it is
taken as ephemeral all the same.

The next boot would erase this from TMP/root, compared with the
directory TMP/blank:

    SIZE     FILES      AGE  PATH

User accounts: passwords set by hand; set users.mutableUsers = false instead
    11 B         1      3 d  modified /etc/passwd

not claimed by anything
 1.4 MiB         2      3 d  /var/lib/forgotten/
 2.0 KiB         1      3 d  /root/
       -         1     30 d  removed /etc/gone
       -         1      3 d  /var/lib/link

removed: it is in the blank, and there again after the next boot.
Lost at the next boot: 5 files (1.4 MiB), 3 directories, 1 removal, in 5 lines.
Accepted: 1 file (4 B), 2 directories.
  /var/tmp/** (scratch space): 1 file (4 B), 2 directories

To keep what is listed here, add to TMP/config.toml:

  # there is no store yet; these three lines are an example
  [[store]]
  path = \"/persist\"
  device = \"rpool/safe/persist\"
  fs = \"zfs\"

  [[store.entry]]
  target = \"/root\"
  kind = \"directory\"
  mode = \"0755\"

  [[store.entry]]
  target = \"/var/lib/forgotten\"
  kind = \"directory\"

3 lines cannot be declared: the same command with --format toml says why.
";
    assert_eq!(said.stdout.replace(host.path().to_str().unwrap(), "TMP"), expected);
    assert_eq!((said.stderr.as_str(), said.status), ("", 1));
    assert!(said.stdout.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn nothing_to_lose_is_one_friendly_line_and_status_0() {
    let host = Host::new();
    host.both("/etc/hosts", "same");
    let said = host.run(&[]);
    let end = said.stdout.lines().skip_while(|line| !line.is_empty()).collect::<Vec<_>>();
    assert_eq!(end, ["", "Nothing would be lost at the next boot."], "{}", said.stdout);
    assert_eq!((said.stderr.as_str(), said.status), ("", 0));
}

#[test]
fn every_path_is_a_line_when_asked_for() {
    let host = Host::new();
    host.file("/a/b/c", "");
    host.file("/a!", "");
    host.dir("/a/empty");
    assert_eq!(host.rows(&[]), ["/a/", "/a!"]);
    let every = ["directory /a", "directory /a/b", "/a/b/c", "directory /a/empty", "/a!"];
    assert_eq!(host.rows(&["--every"]), every);
}

#[test]
fn without_a_configuration_the_whole_root_is_ephemeral() {
    if std::path::Path::new("/etc/blankslate/config.toml").exists() {
        return crate::support::unable("this host has a configuration of its own");
    }
    let host = Host::new();
    host.file("/etc/hosts", "x");
    let mut command = std::process::Command::new(crate::support::PROGRAM);
    let said = crate::support::said(command.arg("--root").arg(host.root()));
    let text = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("There is no configuration (/etc/blankslate/config.toml), so the whole root is taken as ephemeral"), "{text}");
    assert!(
        text.contains("Lost at the next boot: 1 file (1 B), 1 directory, in 1 line."),
        "{text}"
    );
    assert_eq!(said.status, 1);
    let version = "config.toml:\n\n  version = 1\n\n  # there is no store yet; ";
    assert!(said.stdout.contains(version), "{}", said.stdout);
}

/// What is written to a file of its own has to be a whole configuration, whatever is in it.
#[test]
fn what_is_written_without_a_configuration_is_one() {
    if std::path::Path::new("/etc/blankslate/config.toml").exists() {
        return crate::support::unable("this host has a configuration of its own");
    }
    let front = "version = 1\n\n";
    let host = Host::new();
    host.dir("/");
    for (path, start) in [
        (None, "# Nothing would be lost at the next boot.\n"),
        (Some("/var/cache/x"), "# Caches come back by themselves, "),
        (Some("/srv/x"), "# there is no store yet; these three lines are an example\n[[store]]\n"),
    ] {
        if let Some(path) = path {
            host.file(path, "x");
        }
        let mut command = std::process::Command::new(crate::support::PROGRAM);
        command.args(["--format", "toml", "--root"]).arg(host.root());
        let said = crate::support::said(&mut command);
        assert!(said.stdout.starts_with(&format!("{front}{start}")), "{}", said.stdout);
        assert!(blankslate::config::Config::parse(&said.stdout).is_ok(), "{}", said.stdout);
    }
}
