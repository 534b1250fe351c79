//! What is written to be pasted keeps what it says.

use std::os::unix::fs::{PermissionsExt, symlink};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::support::{Host, below, changes, name};

const CONFIG: &str = "\
[[root]]
mount = \"/\"
kind = \"zfs\"
dataset = \"no/such\"
snapshot = \"blank\"
[[store]]
path = \"/persist\"
device = \"p\"
fs = \"zfs\"
";

fn host() -> Host {
    let host = Host::new();
    host.config(CONFIG);
    std::fs::create_dir(host.blank()).unwrap();
    host.dir("/persist");
    host.file("/etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1000:100::/home/alice:/bin/sh\n");
    host.both("/etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1000:100::/home/alice:/bin/sh\n");
    host.file("/etc/ssh/ssh_host_ed25519_key", "k");
    host.file("/etc/ssh/ssh_host_ed25519_key.pub", "k");
    host.file("/etc/cups/printers.conf", "p");
    host.file("/home/alice/src/code", "x");
    host.file("/home/alice/.cache/web", "x");
    host.file("/home/alice/it's \"${x}\" \\ é/x", "x");
    host.file("/var/lib/private/acme/cert", "x");
    host.file("/var/lib/tailscale/tailscaled.state", "x");
    host.file("/var/lib/forgotten/deep/x", "x");
    let closed = std::fs::Permissions::from_mode(0o2750);
    std::fs::set_permissions(below(&host.root(), "/var/lib/forgotten"), closed).unwrap();
    host
}

#[test]
fn with_what_was_pasted_nothing_is_lost_any_more() {
    let host = host();
    assert_eq!(host.run(&[]).status, 1);
    let pasted = host.run(&["--format", "toml"]);
    assert_eq!(pasted.status, 1);
    host.config(&format!("{CONFIG}{}", pasted.stdout));
    let after = host.json(&["--verdict", "lost"]);
    assert_eq!(changes(&after), Vec::<String>::new(), "{}", pasted.stdout);
    assert_eq!(host.run(&[]).status, 0, "{}", pasted.stdout);
    let again = host.run(&["--format", "toml"]);
    assert_eq!(again.stdout, "# Nothing would be lost at the next boot.\n");
}

#[test]
fn what_cannot_be_an_entry_is_named_with_the_reason() {
    let host = host();
    symlink("nowhere", below(&host.root(), "/srv-link")).unwrap();
    mkfifo(&below(&host.root(), "/fifo"), Mode::S_IRWXU).unwrap();
    std::fs::create_dir(host.root().join(name(b"not\xffutf8"))).unwrap();
    std::fs::write(host.root().join(name(b"not\xffutf8")).join("x"), "").unwrap();
    host.file("/etc/adjtime", "x");
    host.file("/etc/hosts", "new");
    host.blank_file("/etc/hosts", "old");
    host.blank_file("/etc/gone", "old");
    let pasted = host.run(&["--format", "toml"]).stdout;
    for comment in [
        "# /srv-link: A symlink cannot be an entry; keep what it leads to; or accept the loss\n",
        "# /fifo: A fifo cannot be an entry; whoever uses it makes it\n",
        "# /not\\xffutf8: Its name is not UTF-8, so no configuration can hold it; keep the directory that it lies in\n",
        "# /etc/adjtime: it is replaced by systemd-timedated; set time.hardwareClockInLocalTime, which writes what matters of it\n",
        "# /etc/hosts: the blank has it as well, and every boot brings that one back; change it in the blank, or accept the loss\n",
        "# /etc/gone: it is in the blank, and comes back; where it must not, remove it there\n",
        "# These rules would accept the loss of what has no other cure:\n# [[report.accept]]\n# glob = \"/etc/hosts\"\n# [[report.accept]]\n# glob = \"/srv-link\"\n",
    ] {
        assert!(pasted.contains(comment), "{comment}{pasted}");
    }
    host.config(&format!("{CONFIG}{pasted}"));
    let mut left = host.changes(&["--verdict", "lost"]);
    left.sort();
    let expected = [
        "lost added /etc/adjtime",
        "lost added /fifo",
        "lost added /not\\xffutf8/",
        "lost added /srv-link",
        "lost modified /etc/hosts",
        "lost removed /etc/gone",
    ];
    assert_eq!(left, expected, "{pasted}");
}

#[test]
fn a_file_that_its_program_replaces_is_kept_with_its_directory() {
    let host = host();
    // Not all of the directory is lost, so that it is no line itself.
    host.config(&format!("{CONFIG}[[report.accept]]\nglob = \"/var/lib/tailscale/log\"\n"));
    host.file("/var/lib/tailscale/log", "x");
    let pasted = host.run(&["--format", "toml"]).stdout;
    assert!(pasted.contains("target = \"/var/lib/tailscale\"\nkind = \"directory\"\n"), "{pasted}");
    assert!(!pasted.contains("tailscaled.state"), "{pasted}");
}

#[test]
fn nothing_is_offered_that_holds_a_store_a_root_or_an_entry() {
    let host = host();
    let more = "[[store]]\npath = \"/mnt/keep/store\"\ndevice = \"q\"\nfs = \"zfs\"\n\
                [[store.entry]]\ntarget = \"/srv/data/kept\"\nkind = \"directory\"\n\
                [[root]]\nmount = \"/pool/inner\"\nkind = \"zfs\"\ndataset = \"no/other\"\nsnapshot = \"blank\"\n";
    host.config(&format!("{CONFIG}{more}"));
    host.file("/mnt/keep/beside", "x");
    host.dir("/mnt/keep/store");
    host.file("/srv/data/kept/x", "x");
    host.file("/srv/data/beside", "x");
    host.file("/pool/inner/x", "x");
    host.file("/pool/beside", "x");
    let pasted = host.run(&["--format", "toml"]).stdout;
    let targets: Vec<&str> =
        pasted.lines().filter_map(|line| line.strip_prefix("target = ")).collect();
    for kept in ["\"/mnt/keep/beside\"", "\"/srv/data/beside\""] {
        assert!(targets.contains(&kept), "{pasted}");
    }
    for covering in ["\"/\"", "\"/mnt\"", "\"/mnt/keep\"", "\"/srv\"", "\"/srv/data\"", "\"/pool\""]
    {
        assert!(!targets.contains(&covering), "{covering} in {pasted}");
    }
    assert!(pasted.contains("# /pool: it holds the root /pool/inner\n"), "{pasted}");
}

#[test]
fn nix_is_what_nix_reads() {
    let host = host();
    let pasted = host.run(&["--format", "nix"]).stdout;
    assert!(pasted.contains("presets = [ \"ssh-host-keys\""), "{pasted}");
    let file = host.path().join("pasted.nix");
    std::fs::write(&file, format!("{{\n{pasted}}}\n")).unwrap();
    let mut nix = std::process::Command::new("nix-instantiate");
    nix.args(["--eval", "--strict", "--json"]).arg(&file).env("NIX_PATH", "");
    let Ok(output) = nix.output() else {
        return crate::support::skip("there is no nix-instantiate here");
    };
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!why.contains("syntax error"), "{why}{pasted}");
        return crate::support::unable(&why);
    }
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let alice = &value["blankslate"]["stores"]["/persist"]["users"]["alice"]["directories"];
    let paths: Vec<&str> = alice
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item.as_str().or(item["path"].as_str()).unwrap())
        .collect();
    assert_eq!(paths, ["it's \"${x}\" \\ é", "src"]);
}
