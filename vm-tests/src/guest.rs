//! A running guest: boot it, run scripts in it, power it off, cut its power. Every wait has an end,
//! and every failure shows the last lines of the serial log. The log stays in the run's directory.

use std::fmt;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};

use crate::channel::Channel;
use crate::image::BootImage;
pub use crate::output::Output;
use crate::output::{log_tail, read_log};
use crate::workdir::Workdir;

/// How long a boot, and how long a script may take. Emulation is slow, and machines are busy.
const BOOT: Duration = Duration::from_secs(300);
const SCRIPT: Duration = Duration::from_secs(300);

/// Where a boot ends and the agent runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In the initramfs with modules loaded; no pool is imported.
    Bare,
    /// In the initramfs, after both of blankslate's steps; the root is at `/sysroot`.
    Initrd,
    /// On the root, after `switch_root`.
    Host,
    /// In the initrd, where systemd gave up.
    Emergency,
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Bare => "bare",
            Self::Initrd => "initrd",
            Self::Host => "host",
            Self::Emergency => "emergency",
        })
    }
}

/// What to boot. The same value boots the same machine again.
#[derive(Debug, Clone)]
pub struct Machine<'a> {
    workdir: &'a Workdir,
    image: BootImage,
    disks: Vec<PathBuf>,
    parameters: Vec<String>,
}

impl<'a> Machine<'a> {
    /// Returns a machine that boots this image with these disks: `/dev/vda`, `/dev/vdb`, ….
    #[must_use]
    pub fn new(workdir: &'a Workdir, image: &BootImage, disks: &[PathBuf]) -> Self {
        let parameters = Vec::new();
        Self { workdir, image: image.clone(), disks: disks.to_vec(), parameters }
    }

    /// Adds a kernel parameter.
    #[must_use]
    pub fn with_parameter(mut self, parameter: &str) -> Self {
        self.parameters.push(parameter.to_owned());
        self
    }

    /// Boots, and returns when the agent answers.
    ///
    /// # Errors
    /// When QEMU cannot be started, or the guest does not come up where it should.
    pub fn boot(&self, mode: Mode) -> Result<Guest> {
        let mut guest = self.start(mode)?;
        guest.reach(mode)?;
        Ok(guest)
    }

    /// Begins to boot, waits until `marker` is on the serial log and `after` that, and cuts the power.
    /// Returns the serial log.
    ///
    /// # Errors
    /// When QEMU cannot be started, or the marker does not come.
    pub fn boot_and_cut(&self, mode: Mode, marker: &str, after: Duration) -> Result<String> {
        let mut guest = self.start(mode)?;
        guest.wait_for(marker)?;
        sleep(after);
        guest.qemu.kill().context("cannot kill QEMU")?;
        guest.qemu.wait().context("cannot wait for QEMU")?;
        guest.serial()
    }

    /// Begins to boot, and returns how long it was between two markers on the serial log.
    ///
    /// # Errors
    /// When QEMU cannot be started, or a marker does not come.
    pub fn time_between(&self, mode: Mode, from: &str, to: &str) -> Result<Duration> {
        let mut guest = self.start(mode)?;
        guest.wait_for(from)?;
        let start = Instant::now();
        guest.wait_for(to)?;
        Ok(start.elapsed())
    }

    fn start(&self, mode: Mode) -> Result<Guest> {
        let serial_log = self.workdir.numbered("serial", "log");
        let (ours, theirs) = UnixStream::pair().context("cannot make a channel")?;
        let stdin: OwnedFd = theirs.try_clone().context("cannot make a channel")?.into();
        let qemu_log = serial_log.with_extension("qemu.log");
        let stderr = File::create(&qemu_log)
            .with_context(|| format!("cannot write {}", qemu_log.display()))?;
        // When the thread that booted a guest ends, however it ends, the guest ends as well.
        let qemu = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "qemu-system-x86_64"])
            .args(self.arguments(mode, &serial_log))
            .stdin(stdin)
            .stdout(OwnedFd::from(theirs))
            .stderr(stderr)
            .spawn()
            .context("cannot start QEMU: run `make setup`")?;
        Ok(Guest { qemu, channel: Channel::new(ours), serial_log })
    }

    fn arguments(&self, mode: Mode, serial_log: &Path) -> Vec<String> {
        let fixed = "-accel tcg,thread=multi -m 1024 -smp 2 -nodefaults -no-user-config \
            -display none -no-reboot -chardev stdio,id=agent,signal=off \
            -device virtio-serial-pci -device virtserialport,chardev=agent,name=blankslate.agent";
        let mut arguments: Vec<String> = fixed.split_whitespace().map(str::to_owned).collect();
        // On a busy machine the kernel takes an emulated timer that is late for a broken one, and panics.
        let mut append = format!("console=ttyS0 quiet panic=-1 no_timer_check guest.stop={mode}");
        for parameter in &self.parameters {
            append.push(' ');
            append.push_str(parameter);
        }
        let image = &self.image;
        let pairs = [
            ("-serial", format!("file:{}", serial_log.display())),
            ("-kernel", image.kernel().display().to_string()),
            ("-initrd", image.initramfs().display().to_string()),
            ("-append", append),
        ];
        arguments.extend(pairs.into_iter().flat_map(|(key, value)| [key.to_owned(), value]));
        for disk in &self.disks {
            // A comma in a file name is doubled; write-through: what the guest has written is on
            // the disk when the power is cut.
            let file = disk.display().to_string().replace(',', ",,");
            arguments.push("-drive".to_owned());
            // An archive is shared by all runs.
            let is_archive = disk.extension().is_some_and(|end| end == "tar");
            let shared = if is_archive { ",readonly=on" } else { "" };
            arguments.push(format!("file={file},format=raw,if=virtio,cache=writethrough{shared}"));
        }
        arguments
    }
}

/// A running guest. Dropping it cuts its power.
#[derive(Debug)]
pub struct Guest {
    qemu: Child,
    channel: Channel,
    serial_log: PathBuf,
}

impl Guest {
    /// Runs a script in the guest's shell and waits for its end.
    ///
    /// # Errors
    /// When the guest does not answer; a script's failure is not an error here, see [`Output::ok`].
    pub fn run(&mut self, script: &str) -> Result<Output> {
        self.run_within(script, SCRIPT)
    }

    /// As [`Guest::run`], with another limit. After a timeout the guest answers no more.
    ///
    /// # Errors
    /// When the guest does not answer within the time.
    pub fn run_within(&mut self, script: &str, within: Duration) -> Result<Output> {
        let answer = self.channel.run(script, within).map_err(|error| {
            self.with_log(&error.context(format!("this did not end in the guest: {script}")))
        })?;
        Ok(Output {
            script: script.to_owned(),
            stdout: answer.stdout,
            stderr: answer.stderr,
            status: answer.status,
            serial_log: self.serial_log.clone(),
        })
    }

    /// Runs a script that has to succeed, and returns its output as text.
    ///
    /// # Errors
    /// When it fails, or the guest does not answer.
    pub fn ok(&mut self, script: &str) -> Result<String> {
        self.run(script)?.ok()
    }

    /// Waits until an agent answers again, after a script has made the guest go on.
    ///
    /// # Errors
    /// When the guest does not come up where it should.
    pub fn reach(&mut self, mode: Mode) -> Result<()> {
        let stage = self.channel.wait_for_agent(BOOT).map_err(|error| self.with_log(&error))?;
        if stage == mode.to_string() {
            return Ok(());
        }
        Err(self.with_log(&anyhow!("the guest stopped at {stage}, not at {mode}")))
    }

    /// Sends a script and does not wait for its end: it ends the agent, or the guest.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn send(&mut self, script: &str) -> Result<()> {
        self.channel.send(script)
    }

    /// Lets the guest write everything to its disks, then switches it off and waits for that.
    ///
    /// # Errors
    /// When it does not switch off.
    pub fn power_off(self) -> Result<()> {
        self.power_off_with("sync; zpool sync; poweroff -f")
    }

    /// As [`Guest::power_off`], by a script of the scenario's own.
    ///
    /// # Errors
    /// When it does not switch off.
    pub fn power_off_with(mut self, script: &str) -> Result<()> {
        self.channel.send(script)?;
        let deadline = Instant::now() + SCRIPT;
        while self.qemu.try_wait().context("cannot wait for QEMU")?.is_none() {
            if Instant::now() > deadline {
                return Err(self.with_log(&anyhow!("the guest does not switch off")));
            }
            sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Cuts the power: the guest gets no chance to write anything more.
    ///
    /// # Errors
    /// When QEMU cannot be killed.
    pub fn cut_power(mut self) -> Result<()> {
        self.qemu.kill().context("cannot kill QEMU")?;
        self.qemu.wait().context("cannot wait for QEMU")?;
        Ok(())
    }

    /// Returns what the guest has written to its console so far.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn serial(&self) -> Result<String> {
        read_log(&self.serial_log)
    }

    /// Returns the exit status of one of blankslate's steps in this boot: `boot` or `persist`.
    ///
    /// # Errors
    /// When the step was not run.
    pub fn step_status(&mut self, step: &str) -> Result<i32> {
        let text = self.ok(&format!("cat /run/guest/{step}.status"))?;
        text.trim().parse().with_context(|| format!("cannot read the status of {step}: {text:?}"))
    }

    /// Waits until a text is on the serial log.
    fn wait_for(&mut self, marker: &str) -> Result<()> {
        let deadline = Instant::now() + BOOT;
        // QEMU makes the log a moment after it starts.
        while !self.serial().unwrap_or_default().contains(marker) {
            if Instant::now() > deadline {
                return Err(self.with_log(&anyhow!("this did not come on the console: {marker}")));
            }
            sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Puts the log behind the error: the cause is what is read first.
    fn with_log(&self, error: &anyhow::Error) -> anyhow::Error {
        anyhow!("{error:#}\n{}", log_tail(&self.serial_log))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // It may have ended already; what is left to do then is to collect it.
        let _ended = self.qemu.kill();
        let _status = self.qemu.wait();
    }
}
