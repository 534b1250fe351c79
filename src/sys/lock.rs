//! One process at a time changes anything: a lock file beside the records.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

/// Held until it is dropped, or the process ends in whatever way: closing the file lets it go.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Lock {
    /// Takes the lock in `dir`, which is made if it is missing. Waits, and says so, while another
    /// process holds it.
    ///
    /// # Errors
    /// The lock file cannot be made or locked.
    pub fn take(dir: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o755).create(dir)?;
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(dir.join("lock"))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => {
                tracing::info!("waiting for another run of blankslate to end…");
                while let Err(errno) = flock(&file, FlockOperation::LockExclusive) {
                    if errno != Errno::INTR {
                        return Err(errno.into());
                    }
                }
            }
            locked => locked?,
        }
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn of_two_the_second_waits_until_the_first_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap();
        let (tell, told) = mpsc::channel();
        let path = dir.path().to_owned();
        let second = std::thread::spawn(move || {
            let lock = Lock::take(&path).unwrap();
            tell.send(()).unwrap();
            drop(lock);
        });
        assert_eq!(
            told.recv_timeout(Duration::from_millis(200)),
            Err(mpsc::RecvTimeoutError::Timeout)
        );
        drop(first);
        told.recv_timeout(Duration::from_secs(20)).unwrap();
        second.join().unwrap();
    }
}
