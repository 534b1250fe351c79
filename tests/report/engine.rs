//! Runs the scan itself on real trees, without what is made of it: what it tells, in its order.

use std::convert::Infallible;
use std::path::Path;

use blankslate::loss::{
    Change, ChangeKind, Extent, Gap, Guide, Outside, Sink, Summing, scan, scan_order, start,
};
use blankslate::path::HostPath;
use blankslate::sys::tree::{self, Tree};

use crate::support::{skip, unable};

/// What a scan told.
#[derive(Default)]
pub struct Told {
    pub changes: Vec<Change>,
    pub gaps: Vec<Gap>,
    pub seen: u64,
}

impl Sink for Told {
    type Error = Infallible;

    fn change(&mut self, change: Change) -> Result<(), Infallible> {
        self.changes.push(change);
        Ok(())
    }

    fn gap(&mut self, gap: Gap) -> Result<(), Infallible> {
        self.gaps.push(gap);
        Ok(())
    }
}

impl Told {
    /// `added /a`, with `/` behind a directory that is told whole and `/*` behind its contents.
    pub fn lines(&self) -> Vec<String> {
        let line = |change: &Change| {
            let extent = match change.extent {
                Extent::Itself => String::new(),
                Extent::Tree(sum) => format!("/ {}+{}", sum.files, sum.directories),
                Extent::Contents(sum) => format!("/* {}+{}", sum.files, sum.directories),
            };
            let word = match change.kind {
                ChangeKind::Metadata(aspect) => aspect.word(),
                kind => kind.word(),
            };
            format!("{word} {}{extent}", change.path)
        };
        self.changes.iter().map(line).collect()
    }

    pub fn gap_lines(&self) -> Vec<String> {
        self.gaps.iter().map(|gap| format!("{}: {}", gap.path, gap.error)).collect()
    }

    pub fn assert_ordered(&self) {
        for (before, after) in self.changes.iter().zip(self.changes.iter().skip(1)) {
            let is_its_contents = matches!(after.extent, Extent::Contents(_));
            let order = scan_order(&before.path, &after.path);
            assert!(order.is_lt() || is_its_contents && order.is_eq(), "{before:?} {after:?}");
        }
    }
}

/// Sums up every new directory the same way.
pub struct Always(pub Summing);

impl Guide for Always {
    fn summing(&self, _: &HostPath) -> Summing {
        self.0
    }
}

fn open(dir: &Path) -> Tree {
    tree::open_bare(dir).unwrap()
}

/// Scans from `path` on.
pub fn told_from(
    root: &Path,
    blank: Option<&Path>,
    path: &str,
    summing: Summing,
) -> Result<Told, Outside> {
    let (root, blank) = (open(root), blank.map(open));
    let trees = start(&root, blank.as_ref(), &path.parse().unwrap())?;
    let mut told = Told::default();
    scan(&trees, &Always(summing), &mut told).unwrap();
    told.seen = trees.seen.names();
    told.assert_ordered();
    Ok(told)
}

/// Scans all of it.
pub fn told(root: &Path, blank: Option<&Path>, summing: Summing) -> Told {
    told_from(root, blank, "/", summing).unwrap()
}

/// strace(1) in front of a command, with what it is to do to system calls; nothing where there is none.
/// It writes these calls to `log` as soon as they are made.
pub fn strace(rules: &[&str], log: &Path) -> Option<std::process::Command> {
    use std::process::{Command, Stdio};
    let probe = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    let Ok(probe) = probe else {
        skip("strace is missing");
        return None;
    };
    if !probe.success() {
        unable("strace may not trace here");
        return None;
    }
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(log).args(rules).stdin(Stdio::null());
    Some(command)
}

/// Runs the program on `host` under strace for JSON.
pub fn json_under_strace(
    host: &crate::support::Host,
    rules: &[&str],
    args: &[&str],
) -> Option<serde_json::Value> {
    let mut command = strace(rules, Path::new("/dev/null"))?;
    command.arg(crate::support::PROGRAM).args(["--format", "json"]).args(host.args(args));
    let said = crate::support::said(&mut command);
    let report = serde_json::from_str(&said.stdout);
    Some(report.unwrap_or_else(|e| panic!("{e}: {} {}", said.stdout, said.stderr)))
}

/// The gaps of a report.
pub fn gaps(report: &serde_json::Value) -> Vec<String> {
    let gap = |gap: &serde_json::Value| {
        format!("{}: {}", gap["path"].as_str().unwrap(), gap["error"].as_str().unwrap())
    };
    report["gaps"].as_array().unwrap().iter().map(gap).collect()
}
