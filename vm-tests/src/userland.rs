//! The closure of a guest: busybox, ZFS, the project's programs and their libraries below one store
//! path, patched as Nix does it, so that nothing outside /nix is needed to run them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::command;
use crate::programs::Programs;
use crate::store_path::Inputs;
use crate::tree::Tree;

/// The scripts of the guest, which are part of the closure.
const AGENT: &str = include_str!("../guest/agent");
const SYSTEM_INIT: &str = include_str!("../guest/system-init");

/// The store paths of a closure.
#[derive(Debug, Clone)]
pub(crate) struct Closure {
    /// `/nix/store/<hash>-userland`: programs in `bin`, libraries in `lib`.
    pub(crate) userland: String,
    /// `/nix/store/<hash>-system`: what stage 2 starts from.
    pub(crate) system: String,
}

/// What goes into a userland, read from this machine.
struct Sources {
    programs: BTreeMap<String, Vec<u8>>,
    libraries: BTreeMap<String, Vec<u8>>,
}

impl Closure {
    /// Puts the closure together, adds it to the tree and returns its paths.
    pub(crate) fn add_to(tree: &mut Tree, programs: &Programs) -> Result<Self> {
        let sources = Sources::read(programs)?;
        let hash = sources.hash();
        let closure = Self {
            userland: format!("/nix/store/{hash}-userland"),
            system: format!("/nix/store/{hash}-system"),
        };
        let bin = format!("{}/bin", closure.userland);
        for applet in applets()? {
            tree.symlink(&format!("{bin}/{applet}"), "busybox");
        }
        for (path, content) in patch(&sources, &closure.userland)? {
            tree.file(&format!("{}/{path}", closure.userland), 0o555, content);
        }
        tree.file(&format!("{bin}/agent"), 0o555, closure.fill_in(AGENT).into_bytes());
        let init = closure.fill_in(SYSTEM_INIT).into_bytes();
        tree.file(&format!("{}/init", closure.system), 0o555, init);
        Ok(closure)
    }

    /// Replaces the names of the store paths in a script.
    pub(crate) fn fill_in(&self, script: &str) -> String {
        script.replace("@userland@", &self.userland).replace("@system@", &self.system)
    }
}

impl Sources {
    fn read(programs: &Programs) -> Result<Self> {
        let mut files = programs.files.clone();
        for name in ["busybox", "zfs", "zpool"] {
            files.push((name.to_owned(), command::find(name)?));
        }
        let mut sources = Self { programs: BTreeMap::new(), libraries: BTreeMap::new() };
        let mut dynamic: Vec<PathBuf> = Vec::new();
        for (name, path) in files {
            let content = read(&path)?;
            if content.starts_with(b"\x7fELF") && name != "busybox" {
                dynamic.push(path);
            }
            sources.programs.insert(name, content);
        }
        for path in libraries_of(&dynamic)? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            sources.libraries.insert(name.unwrap_or_default(), read(&path)?);
        }
        Ok(sources)
    }

    fn hash(&self) -> String {
        let mut inputs = Inputs::default();
        inputs.add("agent", AGENT.as_bytes());
        inputs.add("init", SYSTEM_INIT.as_bytes());
        for (name, content) in self.programs.iter().chain(&self.libraries) {
            inputs.add(name, content);
        }
        inputs.hash()
    }
}

/// Returns the libraries these programs load, the loader among them.
fn libraries_of(programs: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut libraries = Vec::new();
    for program in programs {
        let text = command::run("ldd", &[program])?;
        libraries.extend(parse_ldd(&String::from_utf8_lossy(&text)));
    }
    // A thread that ends early makes libpthread load this one by name.
    let gcc = Path::new("/lib/x86_64-linux-gnu/libgcc_s.so.1");
    libraries.extend(gcc.exists().then(|| gcc.to_owned()));
    Ok(libraries)
}

/// Returns the paths in what ldd says: `name => path (address)`, or `path (address)`.
fn parse_ldd(text: &str) -> Vec<PathBuf> {
    text.lines()
        .filter_map(|line| {
            let path = line.split_once("=>").map_or(line, |(_, path)| path).trim();
            path.starts_with('/').then(|| path.split(" (").next().unwrap_or(path).into())
        })
        .collect()
}

/// Writes the files to a temporary place, patches them there and returns them by their paths.
fn patch(sources: &Sources, userland: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let place = tempfile::tempdir().context("cannot make a temporary directory")?;
    let mut elf: Vec<(String, bool)> = Vec::new();
    let mut done = Vec::new();
    for (directory, files) in [("bin", &sources.programs), ("lib", &sources.libraries)] {
        fs::create_dir(place.path().join(directory)).context("cannot make a directory")?;
        for (name, content) in files {
            let path = format!("{directory}/{name}");
            let loader = name.starts_with("ld-linux");
            if content.starts_with(b"\x7fELF") && name != "busybox" && !loader {
                write(&place.path().join(&path), content)?;
                elf.push((path, directory == "bin"));
            } else {
                done.push((path, with_store_shell(content, userland)));
            }
        }
    }
    patchelf(place.path(), &elf, userland)?;
    for (path, _) in elf {
        let content = read(&place.path().join(&path))?;
        done.push((path, content));
    }
    Ok(done)
}

fn patchelf(place: &Path, files: &[(String, bool)], userland: &str) -> Result<()> {
    let interpreter = format!("{userland}/lib/ld-linux-x86-64.so.2");
    let run_path = format!("{userland}/lib");
    for program in [true, false] {
        let mut arguments: Vec<OsString> = vec!["--set-rpath".into(), run_path.clone().into()];
        if program {
            arguments.extend(["--set-interpreter".into(), interpreter.clone().into()]);
        }
        let chosen = files.iter().filter(|(_, is_program)| *is_program == program);
        arguments.extend(chosen.map(|(path, _)| place.join(path).into_os_string()));
        command::run("patchelf", &arguments)?;
    }
    Ok(())
}

/// As nixpkgs' patchShebangs: there is no /bin/sh in the guest.
fn with_store_shell(content: &[u8], userland: &str) -> Vec<u8> {
    let Some(rest) = content.strip_prefix(b"#!/bin/sh") else { return content.to_vec() };
    [format!("#!{userland}/bin/sh").as_bytes(), rest].concat()
}

fn applets() -> Result<Vec<String>> {
    let names = command::run(&command::find("busybox")?.to_string_lossy(), &["--list"])?;
    let text = String::from_utf8(names).context("cannot read busybox's list of applets")?;
    Ok(text.lines().filter(|name| *name != "busybox").map(str::to_owned).collect())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ldd_says_gives_the_paths_and_nothing_else() {
        let text = "\tlinux-vdso.so.1 (0x7f)\n\tlibm.so.6 => /lib/libm.so.6 (0x7f)\n\t/lib64/ld.so (0x7f)\n\tstatically linked\n";
        assert_eq!(parse_ldd(text), [Path::new("/lib/libm.so.6"), Path::new("/lib64/ld.so")]);
    }
}
