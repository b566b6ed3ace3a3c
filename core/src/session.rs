use std::cell::RefCell;
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Error, Result, bail};
use bpfapps_explain::Code;
use libbpf_rs::skel::{OpenSkel, Skel, SkelBuilder};
use libbpf_rs::{MapType, OpenMap, OpenObject};
use nix::poll::PollFlags;

use crate::clock::Clock;
use crate::options::check_btf;
use crate::output::{Fields, Format, Row, Rows, Stdout};
use crate::refusal::{Loading, Programs};
use crate::rehearsal::Loads;
use crate::signals::Signals;
use crate::wait::wait;
use crate::workload::{self, Running, Workload};
use crate::{
    Failure, Needs, Object, Options, Stream, Target, logging, memlock, privileges, refusal,
};

/// The running kernel's own BTF.
pub const KERNEL_BTF: &str = "/sys/kernel/btf/vmlinux";

/// How long a command has to end, once it was asked to.
const GRACE: Duration = Duration::from_millis(500);

/// One run of one app: what the command line decided, where output goes, and when to end.
#[derive(Debug)]
pub struct Session {
    options: Options,
    needs: Needs,
    pub(crate) signals: Rc<Signals>,
    pub(crate) stdout: RefCell<Stdout>,
    pub(crate) clock: RefCell<Clock>,
    running: RefCell<Option<Running>>,
    /// What was loaded, where the app is only to load its programs.
    rehearsal: Option<RefCell<Option<Loads>>>,
}

impl Session {
    /// Starts logging, and takes charge of the signals that end the program and of stdout.
    ///
    /// # Errors
    ///
    /// The kernel refuses a signalfd, or stdout is not open.
    pub fn start(options: Options, needs: Needs) -> Result<Self> {
        logging::init(options.verbose);
        Self::new(options, needs, None)
    }

    /// One that ends once the programs are loaded.
    pub(crate) fn rehearsal(options: Options, needs: Needs) -> Result<Self> {
        Self::new(options, needs, Some(RefCell::default()))
    }

    fn new(
        options: Options,
        needs: Needs,
        rehearsal: Option<RefCell<Option<Loads>>>,
    ) -> Result<Self> {
        let signals = Rc::new(Signals::block()?);
        let stdout = RefCell::new(Stdout::new(Rc::clone(&signals))?);
        Ok(Self {
            options,
            needs,
            signals,
            stdout,
            clock: RefCell::new(Clock::local()?),
            running: RefCell::new(None),
            rehearsal,
        })
    }

    /// What a rehearsal has loaded first: after that an app may try other ways.
    pub(crate) fn rehearsed(&self) -> Option<Loads> {
        self.rehearsal.as_ref()?.borrow_mut().take()
    }

    /// Whether the kernel provides its own BTF, which `tp_btf`, `fentry` and iterators rely on.
    pub fn kernel_has_btf(&self) -> bool {
        Path::new(KERNEL_BTF).exists()
    }

    /// Opens the BPF object in a skeleton: parsed, with its globals to be set, and nothing in the
    /// kernel yet.
    ///
    /// # Errors
    ///
    /// A capability that the app needs is missing, or the kernel's types are.
    pub fn open<'obj, B: SkelBuilder<'obj>>(
        &self,
        mut builder: B,
        object: &'obj mut MaybeUninit<OpenObject>,
    ) -> Result<B::Output> {
        privileges::check(&self.needs)?;
        if let Some(file) = &self.options.btf {
            check_btf(file)?;
            builder.object_builder_mut().btf_custom_path(file)?;
        } else if self.needs.btf && !self.kernel_has_btf() {
            return Err(Failure::new(
                format!("this kernel has no BTF: {KERNEL_BTF} is missing"),
                "pass the BTF of this very kernel with --btf FILE, or boot one that is built with \
                 CONFIG_DEBUG_INFO_BTF=y",
            )
            .code(Code::NO_BTF)
            .into());
        }
        memlock::raise();
        refusal::open(None, || builder.open(object))
    }

    /// Loads an opened skeleton into the kernel, which verifies its programs.
    ///
    /// # Errors
    ///
    /// The kernel refuses a map or a program.
    pub fn load<'obj, S: OpenSkel<'obj>>(&self, open: S) -> Result<S::Output> {
        let is_ring = |map: OpenMap<'_>| map.map_type() == MapType::RingBuf && map.autocreate();
        let rings = open.open_object().maps().any(is_ring);
        let loads = self
            .rehearsal
            .as_ref()
            .map(|_| Loads::of(open.open_object()));
        let loading = Loading {
            programs: Programs::of(open.open_object()),
            needs: &self.needs,
            uses_ring_buffer: rings,
            btf: self.options.btf.as_deref(),
        };
        let name = open.open_object().name().map(ToOwned::to_owned);
        let object = || Object::of_skeleton(name.as_deref()?.to_str()?);
        let loaded = refusal::load(&loading, object, || open.load())?;
        match (&self.rehearsal, loads) {
            (Some(rehearsal), Some(loads)) => {
                rehearsal.borrow_mut().get_or_insert(loads);
                bail!("it was only to be loaded")
            }
            _ => Ok(loaded),
        }
    }

    /// Attaches the programs of a loaded skeleton: from now on they run.
    ///
    /// # Errors
    ///
    /// Says which program, to which hook, and why: it is not there, not permitted, or taken.
    pub fn attach<'obj, S: Skel<'obj>>(&self, skel: &mut S) -> Result<()> {
        refusal::attach_all(skel, &self.needs)
    }

    /// Attaches one program by `attach`, to a target that only the app knows: explains what goes
    /// wrong there, as [`Session::attach`] does. `name` is the program's, or the map's.
    ///
    /// # Errors
    ///
    /// Those of `attach`, with the cause.
    pub fn attach_to<L, E: Into<Error>>(
        &self,
        name: &OsStr,
        target: Target<'_>,
        attach: impl FnOnce() -> Result<L, E>,
    ) -> Result<L> {
        refusal::attach_to(&name.to_string_lossy(), target, &self.needs, attach)
    }

    /// Starts the output of events on stdout. Call it once the programs are attached: the title
    /// line of the table, or the first document, which [`Session::poll`] writes, tells whoever waits
    /// for it that from now on nothing is missed.
    ///
    /// # Errors
    ///
    /// stdout does not take the line.
    pub fn rows<R: Row>(&self, stream: &Stream) -> Result<Rows<'_>> {
        Rows::start::<R>(self, stream)
    }

    /// Runs the command of `workload`, if there is one. Call it between [`Session::rows`] and
    /// [`Session::poll`]: it is traced from its first moment, and keeps the privileges that this
    /// program gives up, but for sudo's: a command that was started through sudo runs as the user
    /// who called it.
    ///
    /// # Errors
    ///
    /// The command can't be run.
    pub fn run(&self, workload: &Workload) -> Result<()> {
        if workload.is_given() {
            // The title line, or the first document: nothing that the command does is missed.
            self.flush()?;
            self.running
                .replace(Some(workload.start(self.signals.inherited)?));
        }
        Ok(())
    }

    /// Whether this run is over: a signal has come, or the command that it runs has ended.
    pub(crate) fn ended(&self) -> Result<bool> {
        Ok(self.signals.ended()?.is_some() || self.command_has_ended()?)
    }

    pub(crate) fn command_has_ended(&self) -> Result<bool> {
        match &*self.running.borrow() {
            Some(running) => Ok(running.ended()?.is_some()),
            None => Ok(false),
        }
    }

    /// Where a signal ends this run and the command still runs: hands it on, and gives the command
    /// a moment to end, so that its end is seen.
    pub(crate) fn end_command(&self) -> Result<()> {
        let running = self.running.borrow();
        let (Some(running), Some(ending)) = (&*running, self.signals.ended()?) else {
            return Ok(());
        };
        if !ending.by_terminal && running.ended()?.is_none() {
            running.signal(ending.signal)?;
        }
        let end = Instant::now() + GRACE;
        while running.ended()?.is_none() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            wait(&[(self.signals.as_fd(), PollFlags::POLLIN)], Some(left))?;
            self.signals.ended()?;
        }
        Ok(())
    }

    /// The exit code of a run that went well: 0, or that of the command, which is waited for where
    /// the run has ended before it.
    ///
    /// # Errors
    ///
    /// The command can't be waited for.
    pub(crate) fn exit_code(&self) -> Result<u8> {
        let running = self.running.borrow();
        let Some(running) = &*running else {
            return Ok(0);
        };
        loop {
            if let Some(status) = running.ended()? {
                return Ok(workload::exit_code(status));
            }
            if let Some(ending) = self.signals.ended()? {
                return Ok(128 + ending.signal as u8);
            }
            wait(&[(self.signals.as_fd(), PollFlags::POLLIN)], None)?;
        }
    }

    /// Gives up every capability but those that the app keeps, for good: no_new_privs is set, too.
    ///
    /// [`Session::poll`] does it. An app with a loop of its own calls it once all is attached and
    /// each ring buffer is mapped.
    ///
    /// # Errors
    ///
    /// The kernel refuses.
    pub fn give_up_privileges(&self) -> Result<()> {
        privileges::give_up(self.needs.keeps)
    }

    /// Writes one line to stdout, at once.
    ///
    /// # Errors
    ///
    /// stdout does not take it.
    pub fn say(&self, line: &str) -> Result<()> {
        let mut stdout = self.stdout.borrow_mut();
        stdout.buffer().extend_from_slice(line.as_bytes());
        stdout.buffer().push(b'\n');
        stdout.flush()
    }

    /// Writes one document.
    pub(crate) fn write_fields(&self, format: Format, fill: impl FnOnce(&mut Fields<'_>)) {
        let mut stdout = self.stdout.borrow_mut();
        let mut clock = self.clock.borrow_mut();
        let mut fields = Fields::new(stdout.buffer(), &mut clock, format);
        fill(&mut fields);
        fields.end();
    }

    pub(crate) fn flush(&self) -> Result<()> {
        self.stdout.borrow_mut().flush()
    }
}
