//! Setting aside in memory: what lies there changes places with what is put there, and only then it
//! gets a name of its own.

use blankslate::path::HostPath;
use blankslate::sys::{FileId, Place, SysError};

use super::state::{ASIDE, UNBORN};
use super::tree::{At, Body, Names, ROOT, name_of};
use super::{FakeSys, errno, failed};

impl FakeSys {
    pub(super) fn swap_out(
        &mut self,
        target: &HostPath,
        shows: FileId,
        place: &Place,
    ) -> Result<Option<HostPath>, SysError> {
        self.act("set aside", target)?;
        if let Some(meddle) = self.meddle {
            meddle(&mut self.tree);
        }
        let above = self.above("set aside", target)?;
        let Some(&there) = self.tree.names_mut(above.inode).get(&name_of(target)) else {
            return Err(failed("set aside", target, errno::ENOENT));
        };
        if self.tree.mounted_on(At { inode: there, ..above }).is_some() {
            return Err(failed("set aside", target, errno::EBUSY));
        }
        if there != shows.inode {
            return Err(failed("set aside", target, errno::ESTALE));
        }
        let (meta, body) = match place {
            Place::Directory(meta) => (*meta, Body::Directory(Names::new())),
            Place::File(meta) => (*meta, Body::File(String::new())),
            Place::Symlink(to) => (ROOT, Body::Symlink(to.as_bytes().to_vec())),
        };
        let device = self.tree.nodes[&above.inode].device;
        let new = self.tree.add(meta, device, body);
        let is_file = matches!(place, Place::File(_));
        self.tree.nodes.get_mut(&new).unwrap().is_ours = is_file;
        let names = self.tree.names_mut(above.inode);
        let unborn = free_name(names, UNBORN);
        names.insert(name_of(target), new);
        names.insert(unborn.clone(), there);
        // They have changed places. Who is killed here leaves what lay there under the other name.
        if let Err(error) = self.count("name what was set aside at", target) {
            if !self.is_killed() {
                let names = self.tree.names_mut(above.inode);
                names.remove(&unborn);
                names.insert(name_of(target), there);
            }
            return Err(error);
        }
        let is_empty = self.tree.names(there).is_some_and(Names::is_empty);
        let names = self.tree.names_mut(above.inode);
        names.remove(&unborn);
        if is_empty {
            return Ok(None);
        }
        let aside = free_name(names, ASIDE);
        names.insert(aside.clone(), there);
        let above = target.parent().unwrap();
        Ok(Some(above.join(std::os::unix::ffi::OsStrExt::from_bytes(&aside))))
    }

    pub(super) fn swap_in(&mut self, target: &HostPath, aside: &HostPath) -> Result<(), SysError> {
        self.act("put back", target)?;
        let above = self.above("put back", target)?;
        let (name, away) = (name_of(target), name_of(aside));
        let names = self.tree.names_mut(above.inode);
        let (Some(&place), Some(&old)) = (names.get(&name), names.get(&away)) else {
            return Err(failed("put back", target, errno::ENOENT));
        };
        if self.holds_data(place) {
            return Err(failed("put back", target, errno::ENOTEMPTY));
        }
        let names = self.tree.names_mut(above.inode);
        names.remove(&away);
        names.insert(name, old);
        Ok(())
    }

    fn holds_data(&self, inode: super::tree::Inode) -> bool {
        match &self.tree.nodes[&inode].body {
            Body::Directory(names) => !names.is_empty(),
            Body::File(text) => !text.is_empty(),
            _ => false,
        }
    }
}

fn free_name(names: &Names, start: &str) -> Vec<u8> {
    let all = (0..).map(|number| format!("{start}{number}").into_bytes());
    let mut free = all.filter(|name| !names.contains_key(name));
    free.next().unwrap()
}
