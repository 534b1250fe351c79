//! The units of the package in a real initrd: systemd itself as PID 1, in namespaces of its own, with
//! programs that only write down that they ran.
//!
//! Whether a unit is in the right place is decided by systemd's transactions: `systemd-analyze verify`
//! does not see that a unit runs twice, or without what it needs. Needs root; where it cannot, each test
//! says so on standard error.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::nix::REPOSITORY;

#[path = "../support/skip.rs"]
mod skip;

use skip::{skip, unable};

/// Whether a systemd can be PID 1 in namespaces and a control group of its own; says so where it cannot.
fn is_possible(top: &Path) -> bool {
    const PROBE: &str = "mount --make-rprivate /; mount -t cgroup2 cgroup2 \"$1\"; \
        group=$1/blankslate-probe-$$; mkdir \"$group\"; rmdir \"$group\"; \
        exec unshare --mount --pid --fork --cgroup --uts --ipc --net mount -t sysfs -o ro sysfs \"$1\"";
    if !Path::new("/lib/systemd/systemd").exists() {
        skip("systemd is missing");
        return false;
    }
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "sh", "-euc", PROBE, "sh"]).arg(top).stdin(Stdio::null());
    let output = unshare.output().unwrap();
    let is_possible = output.status.success();
    if !is_possible {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        unable(&format!("systemd cannot be PID 1 here: {}", why.trim()));
    }
    is_possible
}

/// One boot in the making.
struct Boot {
    top: TempDir,
}

impl Boot {
    /// The units of one stage, with what the module adds to them for the example.
    fn of(stage: &str, names: &[&str]) -> Self {
        let boot = Self { top: TempDir::new().unwrap() };
        for directory in ["bin", "root", "units"] {
            fs::create_dir(boot.top.path().join(directory)).unwrap();
        }
        let package = Path::new(REPOSITORY).join("initrd/units");
        let module = Path::new(REPOSITORY).join("tests/nixos/golden").join(stage);
        for name in names {
            let text = fs::read_to_string(package.join(name)).unwrap();
            // There is no console to write to.
            let text = text.replace("@bin@", "/opt").replace("journal+console", "journal");
            boot.unit(name, &text);
            let added = format!("{name}.d/overrides.conf");
            if let Ok(text) = fs::read_to_string(module.join(&added)) {
                boot.unit(&added, &text);
            }
        }
        for link in fs::read_to_string(module.join("links")).unwrap().lines() {
            boot.link(link);
        }
        boot
    }

    /// An initrd like that of the example: one pool, the root, and the two steps.
    fn initrd() -> Self {
        let names = ["blankslate-rollback.service", "blankslate-persist.service"];
        let boot = Self::of("initrd", &names);
        let program = "log \"$1, root mounted: $(mountpoint -q /sysroot && echo yes || echo no)\"\n\
            if test -e /opt/\"$1\"; then . /opt/\"$1\"; fi\n";
        boot.program("blankslate-initrd", program);
        boot.surroundings();
        boot
    }

    /// What NixOS and its generators add, and an end: instead of a new root, or of a shell.
    fn surroundings(&self) {
        self.unit(
            "zfs-import-rpool.service",
            "[Unit]\nDefaultDependencies=no\nBefore=sysroot.mount shutdown.target\n\
             Conflicts=shutdown.target\n[Service]\nType=oneshot\nRemainAfterExit=yes\n\
             ExecStart=/opt/import\n",
        );
        self.program("import", "log import\n");
        self.link("sysroot.mount.requires/zfs-import-rpool.service");
        self.unit(
            "sysroot.mount",
            "[Unit]\nAfter=local-fs-pre.target\nBefore=initrd-root-fs.target\n\
             [Mount]\nWhat=tmpfs\nWhere=/sysroot\nType=tmpfs\n",
        );
        self.link("initrd-root-fs.target.requires/sysroot.mount");
        self.program(
            "end",
            "mountpoint -q /sysroot && log 'at the end the root is mounted'\n\
             for unit in rollback persist; do\n\
             log \"$unit is $(systemctl show -P ActiveState blankslate-$unit.service)\"\n\
             done\nlog \"$1\"\n\
             journalctl --quiet --no-pager --output=short-monotonic >/out/journal\n\
             systemctl poweroff -ff\n",
        );
        for (unit, word) in [("initrd-switch-root", "switch-root"), ("emergency", "emergency")] {
            let text = format!(
                "[Service]\nExecStartPre=\nExecStart=\nExecStart=/opt/end {word}\n\
                 StandardInput=null\nStandardOutput=null\nStandardError=null\n"
            );
            self.unit(&format!("{unit}.service.d/end.conf"), &text);
        }
        let initrd = "/lib/systemd/system/initrd.target";
        symlink(initrd, self.top.path().join("units/default.target")).unwrap();
        // Of no use without devices.
        for unit in ["kmod-static-nodes", "systemd-modules-load", "systemd-udev-trigger"] {
            self.mask(&format!("{unit}.service"));
        }
        for unit in ["systemd-udevd", "systemd-tmpfiles-setup-dev", "initrd-udevadm-cleanup-db"] {
            self.mask(&format!("{unit}.service"));
        }
    }

    fn unit(&self, name: &str, text: &str) {
        let file = self.top.path().join("units").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn link(&self, at: &str) {
        let link = self.top.path().join("units").join(at);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(Path::new("..").join(link.file_name().unwrap()), link).unwrap();
    }

    fn mask(&self, name: &str) {
        symlink("/dev/null", self.top.path().join("units").join(name)).unwrap();
    }

    fn program(&self, name: &str, text: &str) {
        let file = self.top.path().join("bin").join(name);
        let log = "#!/bin/bash\nlog() { echo \"$1\" >>/out/log; }\n";
        fs::write(&file, format!("{log}{text}")).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What a step does: the end of its program.
    fn step(self, name: &str, text: &str) -> Self {
        self.program(name, text);
        self
    }

    /// The root has to be blank, as `onFailure = "emergency"` makes it.
    fn with_emergency(self) -> Self {
        let units = self.top.path().join("units");
        fs::remove_dir_all(units.join("sysroot.mount.wants")).unwrap();
        self.link("sysroot.mount.requires/blankslate-rollback.service");
        self.unit("blankslate-rollback.service.d/status.conf", "[Service]\nSuccessExitStatus=1\n");
        self
    }

    /// Boots, and returns what happened, line by line. None where that is not possible.
    fn run(self) -> Option<Vec<String>> {
        if !is_possible(self.top.path()) {
            return None;
        }
        let mut unshare = Command::new("unshare");
        unshare.arg("--mount").arg(Path::new(REPOSITORY).join("tests/nixos/boot/run.sh"));
        unshare.arg(self.top.path());
        let output = unshare.stdin(Stdio::null()).output().unwrap();
        let log = fs::read_to_string(self.top.path().join("log")).unwrap_or_default();
        assert!(!log.is_empty(), "nothing ran: {}", String::from_utf8_lossy(&output.stderr));
        // Shown only where the test fails.
        let journal = fs::read_to_string(self.top.path().join("journal")).unwrap_or_default();
        println!("{journal}");
        Some(log.lines().map(str::to_owned).collect())
    }
}

#[test]
fn the_root_is_rolled_back_before_it_is_mounted_and_paths_are_placed_after() {
    let Some(log) = Boot::initrd().run() else { return };
    let expected = [
        "import",
        "boot, root mounted: no",
        "persist, root mounted: yes",
        "at the end the root is mounted",
        "rollback is active",
        "persist is inactive",
        "switch-root",
    ];
    assert_eq!(log, expected);
}

/// A second run would find the root mounted and write that into the receipt, over the reason.
#[test]
fn a_rollback_that_failed_is_not_run_again_on_the_mounted_root() {
    let Some(log) = Boot::initrd().step("boot", "exit 2\n").run() else { return };
    let expected = [
        "import",
        "boot, root mounted: no",
        "persist, root mounted: yes",
        "at the end the root is mounted",
        "rollback is failed",
        "persist is inactive",
        "switch-root",
    ];
    assert_eq!(log, expected);
}

#[test]
fn a_root_that_must_be_blank_and_is_not_stops_the_boot() {
    let Some(log) = Boot::initrd().with_emergency().step("boot", "exit 2\n").run() else { return };
    let expected = [
        "import",
        "boot, root mounted: no",
        "rollback is failed",
        "persist is inactive",
        "emergency",
    ];
    assert_eq!(log, expected);
}

/// Two roots: the one that must be blank is, the other one is not and may stay.
#[test]
fn a_root_that_may_stay_stops_no_boot_beside_one_that_must_be_blank() {
    let Some(log) = Boot::initrd().with_emergency().step("boot", "exit 1\n").run() else { return };
    assert_eq!(log.last().map(String::as_str), Some("switch-root"), "{log:#?}");
}

#[test]
fn a_path_that_cannot_be_placed_stops_no_boot_and_is_seen() {
    let Some(log) = Boot::initrd().step("persist", "exit 1\n").run() else { return };
    let expected = [
        "import",
        "boot, root mounted: no",
        "persist, root mounted: yes",
        "at the end the root is mounted",
        "rollback is active",
        "persist is failed",
        "switch-root",
    ];
    assert_eq!(log, expected);
}

/// The program says that the store is missing; a unit that was never started says nothing.
#[test]
fn a_device_that_never_comes_stops_no_rollback_from_being_tried() {
    let boot = Boot::initrd().with_emergency();
    boot.unit(
        "blankslate-rollback.service.d/device.conf",
        "[Unit]\nWants=dev-none.device\nAfter=dev-none.device systemd-fsck@dev-none.service\n",
    );
    boot.unit("dev-none.device.d/timeout.conf", "[Unit]\nJobTimeoutSec=2\n");
    let Some(log) = boot.run() else { return };
    assert_eq!(log[1], "boot, root mounted: no", "{log:#?}");
    assert_eq!(log.last().map(String::as_str), Some("switch-root"), "{log:#?}");
}

/// Somebody at the emergency shell mends the pool and goes on.
#[test]
fn what_was_mended_in_emergency_is_tried_again() {
    let boot = Boot::initrd().with_emergency().step("boot", "test -e /run/mended || exit 2\n");
    boot.unit(
        "emergency.service.d/end.conf",
        "[Service]\nExecStartPre=\nExecStart=\nExecStart=/opt/mend\n\
         StandardInput=null\nStandardOutput=null\nStandardError=null\n",
    );
    boot.program("mend", "log mended\ntouch /run/mended\nsystemctl --no-block default\n");
    let Some(log) = boot.run() else { return };
    let expected = [
        "import",
        "boot, root mounted: no",
        "mended",
        "boot, root mounted: no",
        "persist, root mounted: yes",
        "at the end the root is mounted",
        "rollback is active",
        "persist is inactive",
        "switch-root",
    ];
    assert_eq!(log, expected);
}

/// On the host: paths are placed before anything that needs sysinit.target, a reload places them again,
/// and the summary is said while everything is still mounted.
#[test]
fn the_host_places_paths_early_and_says_what_is_lost_before_anything_is_unmounted() {
    let boot = Boot::of("host", &["blankslate.service", "blankslate-summary.service"]);
    fs::write(boot.top.path().join("host"), "").unwrap();
    // Slow, so that what does not wait is seen.
    boot.program("blankslate", "sleep 0.3\nlog \"$1\"\n");
    boot.program("slow", "sleep 0.8\nlog \"$1\"\n");
    for (name, order) in [
        ("homes", "Before=local-fs.target\n"),
        ("users", "Before=systemd-sysusers.service\n"),
        ("rules", "After=systemd-sysusers.service\nBefore=systemd-tmpfiles-setup.service\n"),
    ] {
        let text = format!(
            "[Unit]\nDefaultDependencies=no\n{order}[Service]\nType=oneshot\n\
             ExecStart=/opt/slow {name}\n"
        );
        boot.unit(&format!("{name}.service"), &text);
        boot.link(&format!("sysinit.target.wants/{name}.service"));
    }
    boot.program(
        "what-will-i-lose",
        "log \"summary, $(mountpoint -q /persist && echo mounted)\"\nexit 1\n",
    );
    boot.unit(
        "persist.mount",
        "[Unit]\nBefore=local-fs.target\n[Mount]\nWhat=tmpfs\nWhere=/persist\nType=tmpfs\n",
    );
    boot.link("local-fs.target.requires/persist.mount");
    boot.unit(
        "default.target",
        "[Unit]\nRequires=basic.target\nWants=service.service blankslate-summary.service\n",
    );
    boot.unit("service.service", "[Service]\nType=oneshot\nExecStart=/opt/service\n");
    boot.program(
        "service",
        "log service\nsystemctl start blankslate-summary.service\n\
         systemctl reload blankslate.service\nsystemctl --no-block poweroff\n",
    );
    for unit in ["systemd-udevd.service", "systemd-udev-trigger.service"] {
        boot.mask(unit);
    }
    let Some(log) = boot.run() else { return };
    let (before, after) = log.split_at(3.min(log.len()));
    let mut before = before.to_vec();
    before.sort();
    assert_eq!(before, ["homes", "rules", "users"], "{log:#?}");
    assert_eq!(after, ["apply", "service", "apply", "summary, mounted"]);
}
