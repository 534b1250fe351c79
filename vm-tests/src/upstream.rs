//! What an initrd has of systemd: programs and units of the Debian tree, and the libraries that the
//! programs load.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::command;
use crate::image::Image;

/// Paths below /usr. Of systemd's units they are those that NixOS has in its initrd, where they matter.
const WANTED: &str = include_str!("../guest/nixos/initrd/upstream");

/// Where a library may lie, below the tree.
const LIBRARIES: [&str; 2] = ["usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/systemd"];
/// What starts programs: by the name that they have for it, and itself.
const LOADER: [&str; 2] =
    ["usr/lib64/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"];

/// Adds them, with links that make `/bin` and `/lib` lead to them.
pub(crate) fn add_to(image: Image, tar: &Path) -> Result<Image> {
    let place = tempfile::tempdir().context("cannot make a temporary directory")?;
    let tree = place.path();
    unpack(tar, tree)?;
    let mut left: Vec<PathBuf> = WANTED.lines().map(|path| Path::new("usr").join(path)).collect();
    left.extend(LOADER.map(PathBuf::from));
    let mut taken = BTreeSet::new();
    let mut image = image;
    while let Some(path) = left.pop() {
        if taken.insert(path.clone()) {
            let (with, more) = take(image, tree, &path)?;
            image = with;
            left.extend(more);
        }
    }
    for directory in ["bin", "lib", "lib64"] {
        image = image.with_symlink(directory, &format!("usr/{directory}"));
    }
    Ok(image.with_symlink("sbin", "usr/bin"))
}

fn unpack(tar: &Path, into: &Path) -> Result<()> {
    let (tar, into) = (tar.to_string_lossy(), into.to_string_lossy());
    let parts = ["./usr/bin", "./usr/lib/systemd", "./usr/lib/x86_64-linux-gnu", "./usr/lib64"];
    let arguments = [&["-x", "-f", &*tar, "-C", &*into], &parts[..]].concat();
    command::run("tar", &arguments).map(drop)
}

/// Adds one thing, and returns what it needs.
fn take(image: Image, tree: &Path, path: &Path) -> Result<(Image, Vec<PathBuf>)> {
    let (name, from) = (path.to_string_lossy(), tree.join(path));
    let metadata = fs::symlink_metadata(&from)
        .with_context(|| format!("cannot find {name} in the Debian tree"))?;
    if metadata.is_symlink() {
        let to = fs::read_link(&from).with_context(|| format!("cannot read the link {name}"))?;
        let image = image.with_symlink(&name, &to.to_string_lossy());
        // In place of what a link of Debian leads to, its last part in the same directory.
        let next = path.parent().zip(to.file_name()).map(|(above, name)| above.join(name));
        let next = next.filter(|next| tree.join(next).exists());
        return Ok((image, next.into_iter().collect()));
    }
    let content = fs::read(&from).with_context(|| format!("cannot read {name}"))?;
    let needed = if content.starts_with(b"\x7fELF") { libraries(tree, &from)? } else { Vec::new() };
    let mode = metadata.permissions().mode() & 0o777;
    Ok((image.with_file(&name, mode, content), needed))
}

fn libraries(tree: &Path, program: &Path) -> Result<Vec<PathBuf>> {
    let text = command::run("patchelf", &[Path::new("--print-needed"), program])?;
    let text = String::from_utf8(text).context("cannot read what patchelf says")?;
    let mut found = Vec::new();
    for name in text.lines().filter(|name| !name.starts_with("ld-linux")) {
        let mut places = LIBRARIES.iter().map(|place| Path::new(place).join(name));
        let place = places.find(|place| tree.join(place).symlink_metadata().is_ok());
        ensure!(place.is_some(), "cannot find {name}, which {} needs", program.display());
        found.extend(place);
    }
    Ok(found)
}
