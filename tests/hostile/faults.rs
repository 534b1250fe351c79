//! Killed at every system call, and every system call failing: strace(1) does both.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use crate::host::{Host, Picture, without_leavings};
use crate::namespace::inside;

/// System calls that change something, or that a run may be stopped before or after with another state
/// on disk. Between two of them nothing changes; `BLANKSLATE_EVERY_CALL` tries all others as well.
const CHANGING: &[&str] = &[
    "chmod",
    "chown",
    "copy_file_range",
    "fallocate",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "fchown",
    "fchownat",
    "flock",
    "fremovexattr",
    "fsetxattr",
    "fsync",
    "ftruncate",
    "ioctl",
    "link",
    "linkat",
    "lsetxattr",
    "mkdir",
    "mkdirat",
    "mknodat",
    "mount",
    "move_mount",
    "open_tree",
    "openat",
    "openat2",
    "pwrite64",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "sendfile",
    "setxattr",
    "symlinkat",
    "sync",
    "syncfs",
    "umount2",
    "unlink",
    "unlinkat",
    "utimensat",
    "write",
];

/// So many times of one system call are tried at the most.
const MANY: u32 = 40;

/// How often the run makes each system call, of those that are to be tried.
fn calls(host: &Host, top: &Path) -> BTreeMap<String, u32> {
    let log = top.join("calls");
    let strace = ["strace", "-f", "-qq", "-c", "-U", "name,calls", "-o"];
    let mut before: Vec<String> = strace.iter().map(ToString::to_string).collect();
    before.push(log.display().to_string());
    let output = host.run_under(&before, &["apply"]);
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(log).unwrap();
    let counted = text.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        let name = fields.next()?;
        Some((name.to_owned(), fields.next()?.parse::<u32>().ok()?))
    });
    let wanted = counted.filter(|(name, _)| {
        (is_every_call() || CHANGING.contains(&name.as_str()))
            && !matches!(name.as_str(), "total" | "execve")
    });
    wanted.collect()
}

fn inject(host: &Host, call: &str, what: &str, at: u32) -> Output {
    // What is not traced is not injected either. With --seccomp-bpf everything else runs at full speed,
    // but then strace sends no signals.
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:{what}:when={at}"));
    let fast = (!what.starts_with("signal")).then_some("--seccomp-bpf");
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    let before: Vec<String> = strace.into_iter().chain(fast).map(str::to_owned).collect();
    host.run_under(&before, &["apply"])
}

/// Tries every moment; `check` sees how the stopped run ended, and whether it felt anything. Of ten
/// moments so many have to be felt: a test that strikes nothing proves nothing.
fn at_every_call(top: &Path, what: &str, least: u32, check: fn(&Output, &str) -> bool) {
    let host = Host::fresh(top);
    let calls = calls(&host, top);
    let good = without_leavings(host.picture());
    assert!(calls.len() > 12, "strace saw only {calls:?}");
    let before = Host::fresh(top).picture();
    let (mut tried, mut struck) = (0, 0);
    for (call, count) in &calls {
        for at in moments(*count) {
            let moment = format!("{call} {at} of {count}, {what}");
            struck += u32::from(one_moment(top, &before, &good, (call, what, at), &moment, check));
            tried += 1;
        }
    }
    println!("{struck} of {tried} moments of {} system calls told, {what}", calls.len());
    // How often a call is made differs a little; that most of them are struck does not.
    assert!(struck * 10 > tried * least, "only {struck} of {tried} moments were felt");
}

/// Which of the times a call is made are tried: all, unless there are very many, as when every process
/// is asked for its open files.
fn moments(count: u32) -> impl Iterator<Item = u32> {
    let step = if is_every_call() { 1 } else { count / MANY + 1 };
    (1..=count).step_by(step as usize)
}

fn is_every_call() -> bool {
    std::env::var_os("BLANKSLATE_EVERY_CALL").is_some()
}

fn one_moment(
    top: &Path,
    before: &Picture,
    good: &Picture,
    (call, what, at): (&str, &str, u32),
    moment: &str,
    check: fn(&Output, &str) -> bool,
) -> bool {
    let host = Host::fresh(top);
    let is_struck = check(&inject(&host, call, what, at), moment);
    host.check_promises(before, moment);
    let again = host.run(&["apply"]);
    assert!(again.status.success(), "after {moment}: {again:?}");
    host.check_promises(before, moment);
    let now = without_leavings(host.picture());
    let differs = |path: &&std::path::PathBuf| now.get(*path) != good.get(*path);
    let odd: Vec<_> = now.keys().chain(good.keys()).filter(differs).collect();
    assert!(odd.is_empty(), "after {moment} and another run these differ: {odd:?}");
    is_struck
}

#[test]
fn userns_killed_at_any_system_call_and_run_again_the_end_is_the_same() {
    inside("faults::userns_killed_at_any_system_call_and_run_again_the_end_is_the_same", |top| {
        at_every_call(top, "signal=KILL", 9, |output, _| {
            output.status.code().is_none_or(|code| code > 2)
        });
    });
}

/// A call that fails may be one that the run can do without.
fn never_a_panic(output: &Output, moment: &str) -> bool {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some_and(|code| code <= 2), "{moment}: {output:?}");
    assert!(!said.contains("panicked"), "{moment}: {said}");
    output.status.code() != Some(0)
}

#[test]
fn userns_out_of_space_at_any_system_call_nothing_is_lost() {
    inside("faults::userns_out_of_space_at_any_system_call_nothing_is_lost", |top| {
        at_every_call(top, "error=ENOSPC", 4, never_a_panic);
    });
}

#[test]
fn userns_an_io_error_at_any_system_call_loses_nothing() {
    inside("faults::userns_an_io_error_at_any_system_call_loses_nothing", |top| {
        at_every_call(top, "error=EIO", 4, never_a_panic);
    });
}

#[test]
fn userns_a_store_that_turns_read_only_at_any_system_call_loses_nothing() {
    inside("faults::userns_a_store_that_turns_read_only_at_any_system_call_loses_nothing", |top| {
        at_every_call(top, "error=EROFS", 4, never_a_panic);
    });
}
