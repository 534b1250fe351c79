//! What the options show, and that they change nothing else.

use std::path::Path;
use std::process::{Child, Command};

use crate::support::{Host, PROGRAM, age, below, changes, said, wait_until};

const DAY: i64 = 86_400;

/// Lost, kept, accepted; small, large; new, old.
fn host() -> Host {
    let host = Host::new();
    host.config(
        "[[store]]\npath = \"/persist\"\ndevice = \"p\"\nfs = \"zfs\"\n\
         [[report.accept]]\nglob = \"/scratch/**\"\n",
    );
    host.dir("/persist");
    host.file("/srv/large", &"x".repeat(5000));
    host.file("/srv/small", "x");
    host.file("/scratch/x/y", "1234");
    host.file("/opt/deep/er/file", "123");
    age(&host.root(), 10 * DAY);
    age(&below(&host.root(), "/srv/small"), 60);
    host
}

#[test]
fn each_option_shows_what_it_says() {
    let host = host();
    let table: [(&[&str], &[&str]); 18] = [
        (&[], &["/srv/large", "/opt/deep/", "/srv/small"]),
        (&["--min-size", "3"], &["/srv/large", "/opt/deep/"]),
        (&["--min-size", "1K"], &["/srv/large"]),
        (&["--newer-than", "2h"], &["/srv/small"]),
        (&["--newer-than", "2h ago"], &["/srv/small"]),
        (&["--newer-than", "2w"], &["/srv/large", "/opt/deep/", "/srv/small"]),
        (&["--newer-than", "2000-01-01"], &["/srv/large", "/opt/deep/", "/srv/small"]),
        (&["--newer-than", "2h", "--min-size", "1K"], &[]),
        (&["--sort", "size"], &["/srv/large", "/opt/deep/", "/srv/small"]),
        (&["--sort", "age"], &["/srv/small", "/opt/deep/", "/srv/large"]),
        (&["--sort", "path"], &["/opt/deep/", "/srv/large", "/srv/small"]),
        (&["--verdict", "accepted"], &["/scratch/"]),
        (&["--verdict", "kept"], &["directory /persist"]),
        (&["--verdict", "gap"], &[]),
        (&["--verdict", "lost,accepted", "--min-size", "4"], &["/srv/large", "/scratch/"]),
        (&["--depth", "0"], &["some in /"]),
        (&["--depth", "1", "--sort", "path"], &["some in /opt/", "some in /srv/"]),
        (
            &["--every", "--verdict", "accepted,kept"],
            &[
                "kept directory /persist",
                "accepted directory /scratch",
                "accepted directory /scratch/x",
                "accepted /scratch/x/y",
            ],
        ),
    ];
    let whole = host.json(&[]);
    for (args, rows) in table {
        assert_eq!(host.rows(args), rows, "{args:?}");
        assert_eq!(host.run(args).status, 1, "{args:?}");
        if !args.contains(&"--sort") {
            assert_eq!(host.json(args)["totals"], whole["totals"], "{args:?}");
        }
    }
}

#[test]
fn what_a_filter_hides_is_counted() {
    let host = host();
    let text = |args: &[&str]| host.run(args).stdout.replace('\n', " ");
    let hidden = text(&["--min-size", "1K"]);
    assert!(hidden.contains("2 lines are not shown, 4 B of it lost: "), "{hidden}");
    assert!(hidden.contains("Lost at the next boot: 3 files (4.8 KiB)"), "{hidden}");
    let hidden = text(&["--verdict", "kept"]);
    assert!(hidden.contains("3 lines are not shown, 4.8 KiB of it lost: "), "{hidden}");
    assert!(!text(&[]).contains("not shown"));
    assert_eq!(host.json(&["--min-size", "1K", "--verdict", "lost"])["hidden"], 4);
    assert_eq!(host.json(&[])["hidden"], 0);
}

#[test]
fn a_path_is_a_report_of_its_own() {
    let host = host();
    let rows = host.rows(&["/srv"]);
    assert_eq!(rows, ["/srv/large", "/srv/small"]);
    let report = host.json(&["/opt/deep"]);
    assert_eq!(changes(&report), ["lost added /opt/deep/"]);
    assert_eq!(report["totals"]["lost"]["files"], 1);
    assert_eq!(host.run(&["/persist"]).status, 0);
    assert_eq!(host.run(&["/scratch"]).status, 0);
    let relative = said(
        Command::new(PROGRAM).args(host.args(&["--format", "json", "deep"])).current_dir("/tmp"),
    );
    let sentence = format!(
        "what-will-i-lose: deep is relative; of the host in {}, write the whole path as that host sees it\n",
        host.root().display()
    );
    assert_eq!((relative.status, relative.stderr), (2, sentence));
    let missing = host.run(&["/srv/missing"]);
    assert_eq!((missing.status, missing.stdout.as_str()), (2, ""));
    let expected = "what-will-i-lose: there is no /srv/missing on the root\n";
    assert_eq!(missing.stderr, expected);
}

#[test]
fn depth_is_counted_from_the_path() {
    let host = host();
    assert_eq!(host.rows(&["/opt/deep", "--depth", "0"]), ["/opt/deep/"]);
    assert_eq!(host.rows(&["/srv", "--depth", "0"]), ["some in /srv/"]);
}

#[test]
fn print0_writes_exact_bytes_and_nothing_else() {
    use std::os::unix::ffi::OsStrExt;
    let host = Host::new();
    host.config("[[report.accept]]\nglob = \"/b/gone\"\n");
    let odd = std::ffi::OsStr::from_bytes(b"odd\n\xff\x1b");
    std::fs::write(host.root().join(odd), "").unwrap();
    host.file("/a/b", "");
    host.file("/b/gone", "");
    host.file("/b/lost", "");
    let output = host.command(&["--print0"]).output().unwrap();
    assert_eq!(output.stdout, b"/a\0/b/lost\0/odd\n\xff\x1b\0");
    assert_eq!(output.status.code(), Some(1));
    let output = host.command(&["--print0", "--every"]).output().unwrap();
    assert_eq!(output.stdout, b"/a\0/a/b\0/b\0/b/lost\0/odd\n\xff\x1b\0");
    let output = host.command(&["--print0", "--verdict", "all"]).output().unwrap();
    assert_eq!(output.stdout, b"/a\0/b/lost\0/odd\n\xff\x1b\0");
}

#[test]
fn a_rule_that_accepts_everything_is_refused_with_its_line_and_the_cure() {
    let host = Host::new();
    for (glob, is_refused) in [
        ("/**", true),
        ("/*/**", true),
        ("/**/**", true),
        ("/{var,*}/**", true),
        ("/**/*", true),
        ("/*", false),
        ("/var/**", false),
        ("/**/*.log", false),
    ] {
        host.config(&format!("[[report.accept]]\nglob = \"{glob}\"\n"));
        let said = host.run(&[]);
        assert_eq!(said.status == 2, is_refused, "{glob}: {}", said.stderr);
        if is_refused {
            let end = format!(
                "config.toml:2: report.accept.glob: \"{glob}\" accepts the loss of everything, so that \
                 no report would tell of any; name what holds nothing of value, e.g. \"/var/tmp/**\"\n"
            );
            assert!(said.stderr.ends_with(&end), "{}", said.stderr);
        }
    }
}

#[test]
fn a_bad_value_names_the_cure() {
    let table = [
        (["--min-size", "1X"], "is no size; write bytes, or a number with K, M, G or T, e.g. 10M"),
        (
            ["--newer-than", "soon"],
            "is no moment; write a number with min, h, d, w or y, e.g. 3d, or a date like \
             2026-11-21, or boot",
        ),
        (["--depth", "x"], "is no number of levels; write one, e.g. 2"),
        (
            ["--newer-than", "-3d"],
            "it counts back by itself, so write it without the dash, e.g. 3d",
        ),
        (
            ["--print0", "--verdict=kept"],
            "only lost paths are written; drop --verdict, or --print0",
        ),
        (["--sort", "name"], "[possible values: rank, size, age, files, path]"),
        (["--verdict", "x"], "[possible values: lost, kept, accepted, recreated, gap, all]"),
    ];
    for (args, cure) in table {
        let said = Host::new().run(&args);
        assert_eq!((said.status, said.stdout.as_str()), (2, ""));
        assert!(said.stderr.contains(cure), "{}", said.stderr);
    }
    let said = Host::new().run(&["--format", "toml", "--depth", "1"]);
    assert_eq!(
        said.stderr,
        "what-will-i-lose: --depth sums paths up that this format has to name; drop one of the two\n"
    );
    assert_eq!(said.status, 2);
}

#[test]
fn the_boot_is_a_moment() {
    let host = host();
    // Before any boot, however long ago this machine's was.
    age(&host.root(), 50 * 365 * DAY);
    age(&below(&host.root(), "/srv/small"), -5);
    assert_eq!(host.rows(&["--newer-than", "boot", "--min-size", "1"]), ["/srv/small"]);
}

#[test]
fn diff_is_the_same_program() {
    let host = host();
    let program = env!("CARGO_BIN_EXE_blankslate");
    let args = host.args(&["--format", "json", "/srv"]);
    let one = said(Command::new(program).arg("diff").args(&args));
    let other = said(Command::new(PROGRAM).args(&args));
    assert_eq!((one.stdout, one.status), (other.stdout, other.status));
}

/// A process that writes to `opt/deep/er/file` on a root, until it is dropped; `srv/small` lies beside.
/// This process opens neither, ever: a child that another test is about to start would have it open too.
struct Holder(Child);

impl Holder {
    fn on(root: &Path) -> Self {
        let script =
            "mkdir -p opt/deep/er srv; echo x >srv/small; exec sleep 600 >opt/deep/er/file";
        let child = Command::new("sh").args(["-euc", script]).current_dir(root).spawn().unwrap();
        let holder = Self(child);
        // All that is done before the shell becomes another program.
        let comm = format!("/proc/{}/comm", holder.0.id());
        wait_until("somebody writes", || std::fs::read(&comm).unwrap() == b"sleep\n");
        holder
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_file_that_somebody_writes_is_marked() {
    let host = Host::new();
    let _holder = Holder::on(&host.root());
    let report = host.json(&["--open", "--verdict", "lost"]);
    let changes = report["changes"].as_array().unwrap();
    let of = |path: &str| changes.iter().find(|change| change["path"] == path).unwrap();
    if of("/opt/deep")["open"].is_null() {
        return crate::support::skip("this machine does not show who holds files open");
    }
    assert_eq!(of("/opt/deep")["open"].as_array().unwrap().len(), 1);
    assert_eq!(of("/opt/deep")["open"][0]["command"], "sleep");
    assert!(of("/srv/small")["open"].is_null());
    let text = host.run(&["--open"]).stdout;
    assert!(text.contains("open: sleep"), "{text}");
}

#[test]
fn depth_is_named_only_where_it_was_given() {
    let host = Host::new();
    for path in ["/tmp/a", "/tmp/d/b", "/srv/x/y"] {
        host.file(path, "x");
    }
    let said = |args: &[&str]| {
        let text = host.run(args).stdout;
        assert!(text.contains("  some in /tmp/\n"), "{text}");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let plain = said(&[]);
    let caches =
        "1 cache is left out: the same command with --format toml writes report.accept instead.";
    assert!(plain.contains("target = \"/srv/x\" kind") && plain.ends_with(caches), "{plain}");
    let deep = said(&["--depth", "1"]);
    let without = "the same command with --format toml and without --depth writes the entries.";
    assert!(deep.ends_with(without), "{deep}");
}
