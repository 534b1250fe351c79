//! [`Zfs`] on a real pool: channel programs through libzetta and `libzfs_core`.

use libnv::nvpair::{NvList, Value};
use libzetta::zfs::{Error, ZfsEngine, ZfsLzc};

use super::names::DatasetName;
use super::{Asked, Detail, Zfs, ZfsError, program};
use crate::rollback::decide::Order;
use crate::rollback::facts::DatasetFacts;
use crate::sys::machine::zfs_module;
use crate::sys::signals::is_stopped_program;

/// The most instructions that OpenZFS lets a program run (`zfs_lua_max_instrlimit`). A program that
/// hits its limit is stopped wherever it is, so there is no reason for less.
const INSTRUCTIONS: u64 = 100_000_000;

/// The most memory that a program and its answer may take, in bytes: room for about 100,000 snapshots.
/// OpenZFS allows up to 100 MB (`zfs_lua_max_memlimit`).
const MEMORY: u64 = 64 << 20;

/// `libzfs_core`, ready to be asked.
#[derive(Debug)]
pub struct Lzc(ZfsLzc);

impl Lzc {
    /// Connects to the kernel module.
    ///
    /// # Errors
    /// The module is not loaded or of a version that is not known here, or this process may not use
    /// it.
    pub fn connect() -> Result<Self, ZfsError> {
        match zfs_module() {
            Ok(Some(version)) => super::speaks_with(&version)?,
            Ok(None) => return Err(ZfsError::NoAnswer("the module is not loaded".to_owned())),
            Err(cause) => return Err(ZfsError::NoAnswer(cause.to_string())),
        }
        ZfsLzc::new().map(Self).map_err(|error| match error {
            Error::LZCInitializationFailed(cause) => ZfsError::NoAnswer(cause.to_string()),
            other => ZfsError::NoAnswer(other.to_string()),
        })
    }

    /// Runs a program that may change nothing, and returns the text that it returns.
    fn read(&self, pool: &str, program: &str, args: NvList) -> Result<String, ZfsError> {
        let unreadable = |cause: String| ZfsError::Unreadable { pool: pool.to_owned(), cause };
        let answer = self
            .0
            .run_channel_program(pool, program, INSTRUCTIONS, MEMORY, false, args)
            .map_err(|error| unreadable(cause(error)))?;
        answer.get_string("return").map_err(|error| unreadable(format!("no answer: {error}")))
    }
}

/// What an error of a channel program says. The kernel's text is under `error`.
fn cause(error: Error) -> String {
    match error {
        Error::ChanProgRuntime(said) | Error::ChanProgInval(said) => match said.get("error") {
            Some(Value::String(text)) => crate::path::escape(text.as_bytes()),
            _ => "the channel program failed without a reason".to_owned(),
        },
        // EAGAIN: the pool waits for a disk that went away.
        Error::Io(cause) if cause.kind() == std::io::ErrorKind::WouldBlock => {
            "it is suspended: a disk does not answer; see `zpool status`".to_owned()
        }
        Error::Io(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            "it is not imported; import it, or mend root.dataset".to_owned()
        }
        // EROFS: the pool was imported with readonly=on.
        Error::Io(cause) if cause.kind() == std::io::ErrorKind::ReadOnlyFilesystem => {
            "it is imported read-only; import it without readonly=on".to_owned()
        }
        Error::Io(cause) => cause.to_string(),
        other => other.to_string(),
    }
}

/// Adds one argument. Fails only for a text with a NUL byte, which no checked name has.
fn put(args: &mut NvList, pool: &str, key: &str, text: &str) -> Result<(), ZfsError> {
    args.insert_string(key, text).map_err(|error| ZfsError::Unreadable {
        pool: pool.to_owned(),
        cause: format!("cannot pass {key}: {error}"),
    })
}

impl Zfs for Lzc {
    fn facts(
        &self,
        pool: &str,
        roots: &[Asked],
        detail: Detail,
    ) -> Result<Vec<DatasetFacts>, ZfsError> {
        let mut args = NvList::default();
        put(&mut args, pool, "count", &roots.len().to_string())?;
        put(&mut args, pool, "all", if detail == Detail::All { "yes" } else { "no" })?;
        for (at, (dataset, blank)) in roots.iter().enumerate() {
            put(&mut args, pool, &format!("dataset.{}", at + 1), dataset.as_str())?;
            put(&mut args, pool, &format!("blank.{}", at + 1), &dataset.at(blank))?;
        }
        let text = self.read(pool, program::FACTS, args)?;
        let datasets: Vec<&DatasetName> = roots.iter().map(|(dataset, _)| *dataset).collect();
        program::facts(pool, &datasets, &text)
    }

    fn roll_back(&self, order: &Order) -> Result<(), ZfsError> {
        let mut args = NvList::default();
        put(&mut args, order.pool(), "order", &program::order_text(order))?;
        let ran = self.0.run_channel_program(
            order.pool(),
            program::ROLLBACK,
            INSTRUCTIONS,
            MEMORY,
            true,
            args,
        );
        let pool = order.pool().to_owned();
        match ran {
            Ok(answer) => match answer.get_string("return") {
                Ok(text) => program::outcome(&pool, &text),
                Err(error) => Err(ZfsError::Broken(format!("no answer: {error}"))),
            },
            // Before the program begins: the pool does not take it.
            Err(Error::Io(io)) if !is_stopped_program(&io) => {
                Err(ZfsError::Unreadable { pool, cause: cause(Error::Io(io)) })
            }
            Err(error) => Err(ZfsError::Broken(cause(error))),
        }
    }
}
