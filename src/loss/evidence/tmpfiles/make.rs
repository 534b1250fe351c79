//! Whether what lies on a root is what a rule would make of nothing.

use std::io;

use super::line::Rule;
use crate::loss::FileType;
use crate::loss::evidence::load::lasts;
use crate::loss::evidence::told;
use crate::loss::evidence::users;
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::sys::Meta;
use crate::sys::files::Files;

/// What is needed to tell.
#[derive(Debug)]
pub(super) struct Making<'h> {
    pub(super) host: &'h Files,
    pub(super) on_root: &'h Files,
    pub(super) accounts: &'h Accounts,
}

impl Making<'_> {
    /// As what the rule makes what lies on the root; none where it does not, or it cannot be told.
    pub(super) fn makes(&self, rule: &Rule) -> Option<FileType> {
        let path = &rule.path;
        let what = told(self.would_make(rule), path)?;
        told(self.is_reached(path), path).then_some(what)
    }

    fn would_make(&self, rule: &Rule) -> io::Result<Option<FileType>> {
        let (path, on_root) = (&rule.path, self.on_root);
        let Some((what, meta)) = on_root.look(path)? else { return Ok(None) };
        let would = match (rule.letter, what) {
            (_, FileType::Directory) if rule.makes_directory() => self.is_meta(rule, 0o755, meta),
            ('f' | 'F', FileType::Regular) => {
                let is_same = rule.content().is_some() && on_root.read(path)? == rule.content();
                is_same && self.is_meta(rule, 0o644, meta)
            }
            ('L', FileType::Symlink) => {
                let text = rule.source().map(String::into_bytes);
                text.is_some() && on_root.link(path)? == text
            }
            ('p', FileType::Fifo) => self.is_meta(rule, 0o644, meta),
            ('C', FileType::Regular | FileType::Directory) => self.is_copy(rule, what, meta)?,
            _ => false,
        };
        Ok(would.then_some(what))
    }

    /// Whether owner and mode are those that the rule asks for; where it asks for none, root's.
    fn is_meta(&self, rule: &Rule, mode: u32, meta: Meta) -> bool {
        self.is_meta_of(rule, Meta { uid: 0, gid: 0, mode }, meta)
    }

    fn is_meta_of(&self, rule: &Rule, default: Meta, meta: Meta) -> bool {
        let uid =
            rule.user.as_ref().map_or(Some(default.uid), |user| users::uid(self.accounts, user));
        let gid =
            rule.group.as_ref().map_or(Some(default.gid), |group| users::gid(self.accounts, group));
        (uid, gid) == (Some(meta.uid), Some(meta.gid))
            && rule.mode.unwrap_or(default.mode) == meta.mode
    }

    /// Of a directory only it itself is compared: what lies below it is judged for itself.
    fn is_copy(&self, rule: &Rule, what: FileType, meta: Meta) -> io::Result<bool> {
        let source = rule.source().and_then(|source| HostPath::new(source.as_bytes()).ok());
        let Some(source) = source else { return Ok(false) };
        let Some((there, default)) = self.host.look(&source)? else { return Ok(false) };
        let is_same = there == what
            && self.is_meta_of(rule, default, meta)
            && lasts(self.host, &source, self.on_root);
        Ok(is_same
            && (what == FileType::Directory
                || self.host.read(&source)? == self.on_root.read(&rule.path)?))
    }

    /// Whether systemd goes as far as the path: not from a directory of one user to another's.
    fn is_reached(&self, path: &HostPath) -> io::Result<bool> {
        let mut owner = 0;
        for directory in path.ancestors() {
            let Some((_, meta)) = self.on_root.look(&directory)? else { return Ok(false) };
            if owner != 0 && meta.uid != owner {
                return Ok(false);
            }
            owner = meta.uid;
        }
        Ok(true)
    }
}
