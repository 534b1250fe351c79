//! A Debian system as a store path, and around it a host that is like one of NixOS: real systemd as
//! PID 1, its units, rules and files of /etc in the store, and everything else on the root made at
//! each boot by what `guest/debian/activate` does. The tree is `make setup`'s.

mod users;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use users::users_groups;

use crate::cache::Cache;
use crate::guest::Guest;
use crate::image::Image;
use crate::install::installed_disk_with;
use crate::source::{Source, files_below};
use crate::store_path::Inputs;
use crate::units::links_of;
use crate::workdir::Workdir;

/// What unpacks the tree on a new disk, and takes the blank again: it holds the links of a root
/// whose programs are all in /usr.
const INSTALL: &str = include_str!("../guest/debian/install");

/// Units of the tree that would look for what a guest has not, or that NixOS has not.
const MASKED: &str = include_str!("../guest/debian/masked");

/// The vendor's rules that NixOS has too, below /etc/tmpfiles.d as there.
const RULES: [&str; 9] = [
    "credstore.conf",
    "home.conf",
    "journal-nocow.conf",
    "systemd.conf",
    "systemd-nologin.conf",
    "systemd-tmp.conf",
    "tmp.conf",
    "var.conf",
    "x11.conf",
];
/// Those that NixOS has not. They would make what it does not make, or make it in another way.
const MASKED_RULES: [&str; 4] =
    ["20-systemd-shell-extra.conf", "20-systemd-ssh-generator.conf", "debian.conf", "legacy.conf"];

/// The vendor's units below /etc/systemd/system, where NixOS has all of its own: the report reads there
/// what runs at every boot.
const UNITS: [&str; 1] = ["systemd-update-done.service"];

/// The store paths of a host.
#[derive(Debug, Clone)]
pub struct Debian {
    tar: PathBuf,
    tree: String,
    hash: String,
}

impl Debian {
    /// Adds the host to an image, so that an agent is reached in it after `switch_root`.
    ///
    /// # Errors
    /// When `make setup` has not made the tree, or a file of the host cannot be read.
    pub fn add_to(image: Image, cache: &Cache) -> Result<(Self, Image)> {
        Self::add_with(image, cache, Vec::new())
    }

    /// As [`Debian::add_to`], with more files, each named as if it were in `guest/debian`.
    pub(crate) fn add_with(
        image: Image,
        cache: &Cache,
        more: Vec<(String, Source)>,
    ) -> Result<(Self, Image)> {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest/debian");
        let mut files = files_below(&sources)?;
        files.extend(more);
        let (tar, closure) = cache.debian()?;
        let mut inputs = Inputs::default();
        inputs.add("closure", &closure);
        let tree = format!("/nix/store/{}-debian", inputs.hash());
        inputs.add("this", include_bytes!("debian.rs"));
        inputs.add("userland", image.closure_name().as_bytes());
        for (name, file) in &files {
            inputs.add(name, &file.content);
        }
        let host = Self { tar, tree, hash: inputs.hash() };
        let image = host.add_files(image, &files)?;
        Ok((host, image))
    }

    /// Returns a disk with the host on it. The script runs when the blank is mounted at `/blank`,
    /// and the stores at their paths.
    ///
    /// # Errors
    /// When the host cannot be installed.
    pub fn installed_disk(&self, workdir: &Workdir, image: &Image, seed: &str) -> Result<PathBuf> {
        let script = format!("{}\n{seed}\numount /blank\n", self.fill_in(INSTALL));
        let snapshot = "zfs snapshot rpool/local/root@blank";
        installed_disk_with(workdir, image, &(script + snapshot), std::slice::from_ref(&self.tar))
    }

    fn add_files(&self, mut image: Image, files: &[(String, Source)]) -> Result<Image> {
        for (name, file) in files {
            let text = String::from_utf8(file.content.clone())
                .with_context(|| format!("cannot read {name} as text"))?;
            let text = image.fill_in(&self.fill_in(&text));
            image = self.add_file(image, name, file, text);
        }
        for (path, target) in self.links(files) {
            image = image.with_symlink(&path, &target);
        }
        let spec = users_groups(files)?.to_string();
        Ok(image.with_file(&self.store("users-groups.json"), 0o444, spec))
    }

    /// Adds a file of `guest/debian` where it belongs.
    fn add_file(&self, image: Image, name: &str, file: &Source, text: String) -> Image {
        let path = match name.split_once('/') {
            Some(("etc", path)) if file.is_link => {
                return image.with_symlink(&format!("{}/{path}", self.etc()), &text);
            }
            // What lies beside a thing says how it is made, and is itself no link.
            Some(("etc", path)) if !is_beside(path) => {
                let source = self.store(&format!("etc-{}", path.replace('/', "-")));
                let link = format!("{}/{path}", self.etc());
                return image.with_symlink(&link, &source).with_file(&source, file.mode, text);
            }
            Some(("etc", path)) => format!("{}/{path}", self.etc()),
            Some(("units", path)) => format!("{}/{path}", self.store("system-units")),
            Some(("tmpfiles.d", path)) => format!("{}/{path}", self.store("tmpfiles.d")),
            None if name == "stage2" => name.to_owned(),
            None if name == "setup-etc" => self.store("setup-etc.pl"),
            None if name == "update-users-groups" => self.store("update-users-groups.pl"),
            // What a disk is made with, and what this reads itself.
            None if matches!(name, "masked" | "install") => return image,
            _ => format!("{}/{name}", self.system()),
        };
        image.with_file(&path, file.mode, text)
    }

    fn links(&self, files: &[(String, Source)]) -> Vec<(String, String)> {
        let (etc, units, rules) =
            (self.etc(), self.store("system-units"), self.store("tmpfiles.d"));
        let mut links = vec![
            (format!("{}/etc", self.system()), etc.clone()),
            (format!("{etc}/systemd/system"), units.clone()),
            (format!("{etc}/tmpfiles.d"), rules.clone()),
            (format!("{}/systemd", self.system()), format!("{}/usr/lib/systemd", self.tree)),
            (format!("{}/sw", self.system()), format!("{}/usr", self.tree)),
            // The path that systemd searches: a link out of it would be a unit of its own.
            (
                format!("{units}/default.target"),
                "/usr/lib/systemd/system/multi-user.target".to_owned(),
            ),
        ];
        for rule in MASKED_RULES {
            links.push((format!("{rules}/{rule}"), "/dev/null".to_owned()));
        }
        for rule in RULES {
            let target = format!("{}/usr/lib/tmpfiles.d/{rule}", self.tree);
            links.push((format!("{rules}/{rule}"), target));
        }
        for unit in UNITS {
            let target = format!("{}/usr/lib/systemd/system/{unit}", self.tree);
            links.push((format!("{units}/{unit}"), target));
            links.push((format!("{units}/sysinit.target.wants/{unit}"), format!("../{unit}")));
        }
        for unit in MASKED.lines() {
            links.push((format!("{units}/{unit}"), "/dev/null".to_owned()));
        }
        for (name, file) in files {
            let Some(unit) = name.strip_prefix("units/") else { continue };
            let text = String::from_utf8_lossy(&file.content);
            let enabled = links_of(unit, &text).into_iter();
            links.extend(enabled.map(|(link, target)| (format!("{units}/{link}"), target)));
        }
        links
    }

    /// The archive of the tree.
    pub(crate) fn tar(&self) -> &Path {
        &self.tar
    }

    /// What the boot loader starts: `init` in the system's store path.
    pub(crate) fn init(&self) -> String {
        self.system() + "/init"
    }

    /// A path in the store of which the name ends so.
    fn store(&self, name: &str) -> String {
        format!("/nix/store/{}-{name}", self.hash)
    }

    fn system(&self) -> String {
        self.store("nixos-system-blank")
    }

    fn etc(&self) -> String {
        self.store("etc") + "/etc"
    }

    /// Replaces the names of the host's store paths in a script.
    pub(crate) fn fill_in(&self, text: &str) -> String {
        text.replace("@debian@", &self.tree)
            .replace("@host@", &self.system())
            .replace("@etc@", &self.etc())
            .replace("@setup@", &self.store("setup-etc.pl"))
            .replace("@users@", &self.store("update-users-groups.pl"))
            .replace("@spec@", &self.store("users-groups.json"))
    }
}

/// Wraps a script for bash with Debian's programs: the shell of the agent is busybox, whose applets
/// come before all others.
#[must_use]
pub fn bash(script: &str) -> String {
    format!(
        "cat >/run/guest/bash <<'END OF SCRIPT'\n{script}\nEND OF SCRIPT\n\
         PATH=/usr/bin:/usr/sbin:$PATH exec /usr/bin/bash /run/guest/bash"
    )
}

/// Waits until systemd has started all there is to start.
///
/// # Errors
/// When a unit has failed: which, and the journal.
pub fn wait_until_it_runs(guest: &mut Guest) -> Result<()> {
    let script = "systemctl is-system-running --wait || { systemctl --failed; journalctl -n 80; }; \
        journalctl --sync";
    let said = guest.run_within(&bash(script), Duration::from_secs(300))?.ok()?;
    ensure!(said.starts_with("running\n"), "the host is not well: {said}");
    Ok(())
}

/// Whether a file of an `etc` says how the one beside it is made.
fn is_beside(name: &str) -> bool {
    [".mode", ".uid", ".gid"].iter().any(|end| name.ends_with(end))
}
