//! All system calls. The rest of the library sees [`Sys`] and values.
//!
//! Every path is opened component by component below one root directory, without following a
//! symlink, so no component that another user can change steers a privileged step. There is no call
//! here that removes or overwrites data: what is in the way is renamed, and what is taken away again
//! is only what this program made itself, a mount, a symlink, an unfinished copy.

pub mod accounts;
mod acl;
pub mod copy;
pub mod detached;
#[cfg(feature = "cli")]
pub mod files;
pub mod linux;
pub mod lock;
pub mod machine;
pub mod memory;
pub mod mounts;
#[cfg(feature = "cli")]
pub mod open_files;
pub mod privilege;
mod random;
pub mod record;
pub mod signals;
#[cfg(feature = "cli")]
pub mod tree;
mod values;
pub mod writers;

use crate::path::HostPath;

pub use values::{
    Care, Copied, Difference, FileId, Hold, Look, Meta, Place, Progress, Seen, SysError, Watch,
    Writer,
};

/// The system as placing entries needs it: all paths are below the root that it was made for.
///
/// Nothing here follows a symlink, removes data or renames over it: a plan cannot lose data because
/// this trait has no word for it.
pub trait Sys {
    /// Returns what lies at `path`. A symlink is not followed, at no component.
    ///
    /// # Errors
    /// It cannot be told what lies there.
    fn look(&self, path: &HostPath) -> Result<Look, SysError>;

    /// Returns whether what is written at `path` is gone after a boot whatever anybody does: its file
    /// system is a tmpfs or a ramfs, or an overlay, which may keep its changes in one. Where nothing
    /// lies there, that of the nearest directory above it counts.
    ///
    /// # Errors
    /// It cannot be told what file system that is.
    fn is_in_memory(&self, path: &HostPath) -> Result<bool, SysError>;

    /// Returns the places strictly below `path` where something is mounted, in no order.
    ///
    /// # Errors
    /// It cannot be told what is mounted.
    fn mounts_below(&self, path: &HostPath) -> Result<Vec<HostPath>, SysError>;

    /// Returns the first difference between the trees at `one` and `other`, in content, names, types,
    /// owners, modes, times of modification as far as the second file system can hold them, extended
    /// attributes, ACLs and file flags. Sockets do not count, nor which files are hard links of each other,
    /// nor the flags of the two topmost ones.
    ///
    /// # Errors
    /// Not everything could be read.
    fn compare(
        &self,
        one: &HostPath,
        other: &HostPath,
        care: Care,
    ) -> Result<Option<Difference>, SysError>;

    /// Returns the processes that have a regular file at or below `path` open for writing, or mapped so
    /// that writing reaches it, or hold a directory there; one line for each process and file.
    ///
    /// # Errors
    /// The processes or the tree cannot be read.
    fn writers(&self, path: &HostPath) -> Result<Vec<Writer>, SysError>;

    /// Makes a directory that appears with its final owner and mode. The parent must exist.
    ///
    /// # Errors
    /// Something lies there already, or the call failed; then the path is as it was.
    fn make_dir(&mut self, path: &HostPath, meta: Meta) -> Result<(), SysError>;

    /// Reads a regular file of at most `limit` bytes.
    ///
    /// # Errors
    /// It is missing, is something else, is bigger, or cannot be read.
    fn read(&self, path: &HostPath, limit: usize) -> Result<Vec<u8>, SysError>;

    /// Returns random bits, fit for what nobody may guess, for what will lie at `path`. Waits until the
    /// kernel has some.
    ///
    /// # Errors
    /// The kernel gives none.
    fn random(&self, path: &HostPath) -> Result<[u8; 16], SysError>;

    /// Makes an empty file that appears with its final owner and mode. The parent must exist.
    ///
    /// # Errors
    /// Something lies there already, or the call failed; then the path is as it was.
    fn make_file(&mut self, path: &HostPath, meta: Meta) -> Result<(), SysError>;

    /// Makes an empty file to mount on, in the same way. It can be told from what others make, see
    /// [`Seen::is_untouched`].
    ///
    /// # Errors
    /// Something lies there already, or the call failed; then the path is as it was.
    fn make_place(&mut self, path: &HostPath, meta: Meta) -> Result<(), SysError>;

    /// Gives the directory or file `id`, which this program made with `from`, the owner and mode `to`.
    ///
    /// # Errors
    /// Another one lies there by now, or it has another owner or mode than `from`; then it is left
    /// alone.
    fn own(&mut self, path: &HostPath, id: FileId, from: Meta, to: Meta) -> Result<(), SysError>;

    /// Makes a symlink at `path` with the text of `to`.
    ///
    /// # Errors
    /// Something lies there already, or the call failed; then the path is as it was.
    fn symlink(&mut self, path: &HostPath, to: &HostPath) -> Result<(), SysError>;

    /// Takes the symlink at `path` away, if its text is that of `to`.
    ///
    /// # Errors
    /// Something else lies there, or the call failed; then the path is as it was.
    fn unlink(&mut self, path: &HostPath, to: &HostPath) -> Result<(), SysError>;

    /// Mounts the directory or file `source`, with what is mounted below it, on `target`.
    ///
    /// # Errors
    /// The target holds data, or the call failed; then nothing is mounted.
    fn bind(&mut self, source: &HostPath, target: &HostPath) -> Result<(), SysError>;

    /// Unmounts what is mounted on `target`, if that shows the file `shows`.
    ///
    /// # Errors
    /// Something else is mounted there, it is in use, or the call failed; then it stays mounted.
    fn unbind(&mut self, target: &HostPath, shows: FileId) -> Result<(), SysError>;

    /// Copies the tree at `from` into a staging place on the file system of `to`, with everything
    /// that [`compare`](Self::compare) compares, and hard links and holes as they are; then writes it
    /// out to the disk and compares. Nobody but root can look into it. What lies at `to` and `from` is
    /// not touched; a copy that an earlier run left unfinished is thrown away first. The directory
    /// above `to` must exist.
    ///
    /// # Errors
    /// Something could not be copied, changed meanwhile, or differs; then no staging place is left.
    fn stage(
        &mut self,
        from: &HostPath,
        to: &HostPath,
        watch: Watch<'_>,
    ) -> Result<Copied, SysError>;

    /// Makes a file with this content in a staging place, as [`stage`](Self::stage) makes a copy.
    ///
    /// # Errors
    /// It could not be made or written out to the disk; then no staging place is left.
    fn stage_new(&mut self, content: &[u8], meta: Meta, to: &HostPath) -> Result<(), SysError>;

    /// Renames the staged copy to `to`, where nothing lies or an empty directory or file, and makes
    /// that last.
    ///
    /// # Errors
    /// There is data at `to`, or the call failed; then `to` is as it was and the copy is still staged.
    fn publish(&mut self, to: &HostPath) -> Result<(), SysError>;

    /// Throws away what was staged for `to`. Fine when nothing was.
    ///
    /// # Errors
    /// Some of it is still there.
    fn discard(&mut self, to: &HostPath) -> Result<(), SysError>;

    /// Puts `place` at `target` and what lay there at a new name beside it, in one step. Returns that
    /// name; none where what lay there was an empty directory, which is gone.
    ///
    /// # Errors
    /// Something else than the file `shows` lies at `target`, or the call failed; then the target is as
    /// it was.
    fn set_aside(
        &mut self,
        target: &HostPath,
        shows: FileId,
        place: &Place,
    ) -> Result<Option<HostPath>, SysError>;

    /// Takes a `set_aside` back: what lies at `aside` and the place at `target` change places, and the
    /// place, which holds nothing, is removed.
    ///
    /// # Errors
    /// Something lies in the place by now, or the call failed. What was set aside is then at one of the
    /// two.
    fn set_back(&mut self, target: &HostPath, aside: &HostPath) -> Result<(), SysError>;
}
