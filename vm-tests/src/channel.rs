//! The command channel: a virtio port in the guest, QEMU's standard input and output here. Bytes
//! pass as they are. After a timeout the channel is of no use any more: an answer may be half read.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What an answer begins with.
const ANNOUNCEMENT: &str = "blankslate-agent ";

/// What a script in the guest gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// This machine's end of the channel.
#[derive(Debug)]
pub(crate) struct Channel {
    stream: UnixStream,
    unread: Vec<u8>,
    requests: u64,
    broken: bool,
}

impl Channel {
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self { stream, unread: Vec::new(), requests: 0, broken: false }
    }

    /// Waits for an agent to announce itself and returns where it runs.
    pub(crate) fn wait_for_agent(&mut self, within: Duration) -> Result<String> {
        let deadline = Instant::now() + within;
        loop {
            let line = self.line(deadline).context("cannot reach the guest's agent")?;
            if let Some(stage) = line.strip_prefix(ANNOUNCEMENT) {
                return Ok(stage.to_owned());
            }
        }
    }

    /// Sends a script and waits for its end.
    pub(crate) fn run(&mut self, script: &str, within: Duration) -> Result<Answer> {
        ensure!(!self.broken, "the guest did not answer an earlier script");
        self.broken = true;
        let deadline = Instant::now() + within;
        self.send(script)?;
        let answer = self.answer(deadline)?;
        self.broken = false;
        Ok(answer)
    }

    /// Sends a script and does not wait.
    pub(crate) fn send(&mut self, script: &str) -> Result<()> {
        self.requests += 1;
        let request = format!("{} {}\n", self.requests, STANDARD.encode(script));
        self.stream.set_write_timeout(Some(Duration::from_secs(60)))?;
        self.stream.write_all(request.as_bytes()).context("cannot send a script to the guest")
    }

    fn answer(&mut self, deadline: Instant) -> Result<Answer> {
        let header = self.line(deadline)?;
        let numbers: Option<Vec<u64>> = header.split(' ').map(|word| word.parse().ok()).collect();
        let Some(&[id, status, stdout, stderr]) = numbers.as_deref() else {
            bail!("cannot understand the agent's answer {header:?}");
        };
        ensure!(id == self.requests, "the agent answered script {id}, not {}", self.requests);
        Ok(Answer {
            status: i32::try_from(status)?,
            stdout: self.bytes(usize::try_from(stdout)?, deadline)?,
            stderr: self.bytes(usize::try_from(stderr)?, deadline)?,
        })
    }

    fn line(&mut self, deadline: Instant) -> Result<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let rest = self.unread.split_off(end + 1);
                let line = std::mem::replace(&mut self.unread, rest);
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            self.receive(deadline)?;
        }
    }

    fn bytes(&mut self, count: usize, deadline: Instant) -> Result<Vec<u8>> {
        while self.unread.len() < count {
            self.receive(deadline)?;
        }
        let rest = self.unread.split_off(count);
        Ok(std::mem::replace(&mut self.unread, rest))
    }

    fn receive(&mut self, deadline: Instant) -> Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        ensure!(!left.is_zero(), "the guest did not answer in time");
        self.stream.set_read_timeout(Some(left))?;
        let mut buffer = vec![0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => bail!("the guest has ended"),
            Ok(count) => {
                buffer.truncate(count);
                self.unread.append(&mut buffer);
                Ok(())
            }
            // The next turn finds that no time is left.
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                Ok(())
            }
            Err(error) => Err(error).context("cannot read the guest's answer"),
        }
    }
}
