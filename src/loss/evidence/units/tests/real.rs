//! The same units as systemd itself reads them, where the machine has it: it can tell what a boot would
//! start without starting anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use super::host::skip::skip;
use super::*;

const SYSTEMD: &str = "/usr/lib/systemd/systemd";
const UNITS: &str = "/usr/lib/systemd/system";

/// What systemd says of the units in a directory.
#[derive(Debug, Default)]
struct Told {
    /// The directories of each unit.
    directories: BTreeMap<String, BTreeSet<String>>,
    /// What the boot would start.
    started: BTreeSet<String>,
}

/// Asks systemd; nothing where it is not there or cannot be asked, which is said.
fn ask(units: &Path) -> Option<Told> {
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", SYSTEMD])
        .args(["--test", "--system", "--no-pager", "--unit=default.target"])
        .env("SYSTEMD_UNIT_PATH", units)
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut told = Told::default();
    let mut unit = "";
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("-> Unit ") {
            unit = name.trim_end_matches(':');
        } else if let Some(name) = line.strip_prefix("Action: ") {
            told.started.extend(name.strip_suffix(" -> start").map(str::to_owned));
        } else if let Some((setting, names)) = line.split_once(": ")
            && ["State", "Cache", "Logs", "Configuration"]
                .iter()
                .any(|kind| setting == format!("{kind}Directory"))
        {
            let directories = told.directories.entry(unit.to_owned()).or_default();
            directories.extend(names.split(' ').map(|name| format!("{setting} {name}")));
        }
    }
    (output.status.success() && !told.started.is_empty()).then_some(told)
}

/// systemd's own units of this machine: what other packages are installed is not known.
fn take_own(host: &Host) {
    for entry in walkdir::WalkDir::new(UNITS) {
        let entry = entry.unwrap();
        // Through a link, the unit that it leads to.
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        if !text.contains("This file is part of systemd.") {
            continue;
        }
        let name = entry.path().strip_prefix(UNITS).unwrap().to_str().unwrap();
        if entry.path_is_symlink() {
            let to = fs::read_link(entry.path()).unwrap();
            host.link(&format!("/nix/store/units/{name}"), to.to_str().unwrap());
        } else {
            host.unit(name, &text);
        }
    }
}

/// These in the store of a host, and some in which everything comes up that can.
///
/// systemd shows a name with a blank in it as two, so none has one.
fn host() -> Option<Host> {
    let host = Host::new();
    fs::remove_dir_all(host.at("/nix/store/units")).unwrap();
    if !Path::new(UNITS).is_dir() {
        return None;
    }
    take_own(&host);
    let service = |name: &str, text: &str| {
        host.unit(name, &format!("{text}\n[Service]\nType=oneshot\nExecStart=/bin/true\n"));
        host.wants("multi-user.target.wants", name);
    };
    service(
        "t-parse.service",
        "; x\n[Service]\nStateDirectory=a \\\n# y\n  'b' \"d\"e/f\\\n\nStateDirectory=g\n\
         CacheDirectory=x\nCacheDirectory=\nCacheDirectory=%p-%N-%j-%%/\nLogsDirectory= l//m \n\
         ConfigurationDirectory=../up /abs private ok o:p\n",
    );
    service("t-dynamic.service", "[Service]\nDynamicUser=y\nStateDirectory=dyn/er\n");
    service("t-conflict.service", "[Unit]\nConflicts=t-other.service\n");
    service("t-other.service", "");
    service("t-quotes.service", "[Unit]\nWants='t-far.service'\n");
    host.unit("t-far.service", "[Service]\nExecStart=/bin/true\n");
    service("t-needs.service", "[Unit]\nRequires=t-nothing.service\n");
    service("t-pulls.service", "[Unit]\nWants=t-plain.service t-alias.service t-in@%p.service\n");
    host.unit("t-plain.service", "[Service]\nExecStart=/bin/true\nStateDirectory=plain\n");
    host.unit("t-aliased.service", "[Service]\nExecStart=/bin/true\nStateDirectory=al/iased\n");
    host.link("/nix/store/units/t-alias.service", "t-aliased.service");
    host.unit("t-in@.service", "[Service]\nExecStart=/bin/true\nStateDirectory=%i %I %p %j-j\n");
    host.link(
        "/nix/store/units/multi-user.target.requires/t-in@x\\x2dy-z.service",
        "../t-in@.service",
    );
    host.file("/nix/store/units/t-in@.service.d/1.conf", "[Service]\nLogsDirectory=in\n");
    host.file("/nix/store/units/t-.service.d/2.conf", "[Service]\nCacheDirectory=all-of-t\n");
    host.file("/nix/store/units/service.d/3.conf", "[Service]\nLogsDirectory=of-all\n");
    host.file("/nix/store/units/t-plain.service.d/2.conf", "[Service]\nCacheDirectory=own\n");
    Some(host)
}

/// What this program takes a unit's directories to be, as systemd writes them down.
fn directories_of(unit: &Unit) -> BTreeSet<String> {
    let (directories, _) = directories::of(unit);
    let shown = |directory: Directory| {
        let at = directory.link.map_or(directory.real, |(link, _)| link).exact();
        let setting = directory.kind.setting;
        let bases = ["/var/lib/", "/var/cache/", "/var/log/", "/etc/"];
        let name = bases.iter().find_map(|base| at.strip_prefix(base)).unwrap();
        format!("{setting} {name}")
    };
    directories.into_iter().map(shown).collect()
}

#[test]
fn units_are_read_as_systemd_reads_them() {
    let told = host().and_then(|host| Some((ask(&host.at("/nix/store/units"))?, host)));
    let Some((told, host)) = told else {
        return skip("there is no systemd here that can be asked");
    };
    let (files, on_root) = host.files();
    let units = Units::of(&files, &on_root, &path("/etc"));
    let graph = Graph::of(&units);
    let certain: BTreeSet<String> =
        graph.certain().iter().map(|unit| unit.name.as_str().to_owned()).collect();
    let too_many: Vec<&String> = certain.difference(&told.started).collect();
    assert_eq!(too_many, Vec::<&String>::new(), "systemd would not start these");
    for name in ["t-parse", "t-dynamic", "t-pulls", "t-plain", "t-aliased", "t-in@x\\x2dy-z"] {
        assert!(certain.contains(&format!("{name}.service")), "{name}: {certain:?}");
    }
    for name in ["t-conflict", "t-other", "t-needs", "t-quotes", "t-far"] {
        assert!(!certain.contains(&format!("{name}.service")), "{name}");
    }
    let mut compared = 0;
    for name in told.started.iter().filter_map(|name| UnitName::new(name)) {
        let Some(unit) = units.load(&name).filter(|_| name.kind() == "service") else { continue };
        let theirs = told.directories.get(name.as_str()).cloned().unwrap_or_default();
        assert_eq!(directories_of(&unit), theirs, "{}", name.as_str());
        compared += 1;
    }
    assert!(compared > 20, "{compared}");
    // What systemd starts and lies there as a file is at least known to be startable.
    let kinds = ["service", "target", "socket", "timer", "path"];
    let known: BTreeSet<&str> = graph.names().map(UnitName::as_str).collect();
    let of_files = told.started.iter().filter(|name| {
        UnitName::new(name)
            .is_some_and(|name| kinds.contains(&name.kind()) && units.load(&name).is_some())
    });
    let missing: Vec<&String> = of_files.filter(|name| !known.contains(name.as_str())).collect();
    assert_eq!(missing, Vec::<&String>::new(), "systemd would start these too");
}
