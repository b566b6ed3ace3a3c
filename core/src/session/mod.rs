//! One run of an app: its BPF object opened, loaded and attached, and its events reported.

mod attach;
mod count;
mod embedded;
mod exit;
mod globals;
mod loads;
pub mod logging;
mod maps;
mod memlock;
mod needs;
mod options;
mod privileges;
mod report;
mod snapshots;
mod types;

use std::cell::RefCell;
use std::env;
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::rc::Rc;

use anyhow::Result;
use bpfapps_diagnose::{self as diagnose, Loading, Programs};
use bpfapps_explain::stderr_is_coloured;
use bpfapps_host::capabilities;
use libbpf_rs::skel::{OpenSkel, Skel as _, SkelBuilder};
use libbpf_rs::{MapType, OpenMap, OpenObject};
use log::debug;

use crate::events::ProgramInfo;
use crate::metrics::{Metrics, Served};
use crate::output::Output;
use crate::run::Run;
use crate::telemetry::{Sent, Telemetry};

pub use embedded::Embedded;
pub use exit::exit_code;
pub use globals::{Bss, Data, Rodata, bss, data, rodata};
pub use loads::{Loads, Rehearsed};
pub use maps::fit_maps;
pub use memlock::raise_memlock;
pub use needs::{NETWORK, Needs, TRACING};
pub use options::Options;
pub use types::{KernelTypes, Origin};

/// An environment variable. With it maps are neither pinned nor reused from pins, so that a trial
/// cannot reach the maps of a running app.
const UNPINNED: &str = "BPFAPPS_UNPINNED";

/// One run of an app: its options, its output, and its end.
#[derive(Debug)]
pub struct Session {
    types: Option<KernelTypes>,
    /// The size on the command line, in bytes, if given.
    ring_size: Option<u32>,
    needs: Needs,
    run: Run,
    output: Output,
    /// What was loaded.
    programs: RefCell<Vec<ProgramInfo>>,
    metrics: Option<Metrics>,
    telemetry: Option<Telemetry>,
    /// In a rehearsal, the programs and maps that were loaded.
    rehearsal: Option<RefCell<Option<Loads>>>,
}

impl Session {
    /// Starts logging and takes over stdout; [`Session::load`] takes over the signals that end the
    /// program.
    ///
    /// # Errors
    ///
    /// The kernel refuses a signalfd, stdout is not open, or the kernel's types are nowhere.
    pub fn start(options: Options, needs: Needs) -> Result<Self> {
        logging::init(options.verbose);
        Self::new(options, needs, None)
    }

    /// The same, with metrics that are served and events that are sent.
    pub(crate) fn exporting(
        options: Options,
        needs: Needs,
        served: Option<Served>,
        sent: Option<Sent>,
    ) -> Result<Self> {
        let session = Self::start(options, needs)?;
        Ok(Self {
            metrics: served.as_ref().map(Metrics::start).transpose()?,
            telemetry: sent.map(Telemetry::new).transpose()?,
            ..session
        })
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
        let run = Run::start()?;
        Ok(Self {
            programs: RefCell::default(),
            metrics: None,
            telemetry: None,
            types: KernelTypes::wanted(&options, needs)?,
            ring_size: options.ring_size,
            needs,
            output: Output::new(Rc::clone(&run.signals))?,
            run,
            rehearsal,
        })
    }

    /// The first load of a rehearsal: after its failure an app may try another way.
    pub(crate) fn rehearsed(&self) -> Option<Loads> {
        self.rehearsal.as_ref().and_then(RefCell::take)
    }

    /// Opens the BPF object in a skeleton: parsed, with its globals ready to be set, and nothing in
    /// the kernel yet.
    ///
    /// # Errors
    ///
    /// A capability that the app needs is missing, or types are that the object reads.
    pub fn open<'obj, B: SkelBuilder<'obj>>(
        &self,
        mut builder: B,
        object: &'obj mut MaybeUninit<OpenObject>,
    ) -> Result<B::Output> {
        if let Some(lacking) = capabilities::lacking(self.needs.capabilities, self.needs.tracefs)? {
            return Err(lacking.into());
        }
        if let Some(types) = &self.types {
            debug!("the kernel's types are those in {}", types.origin);
            builder.object_builder_mut().btf_custom_path(types.path())?;
        }
        raise_memlock();
        let (opened, log) = logging::keep(|| builder.open(object));
        match opened {
            Ok(open) => {
                log.print();
                if let (Some(types), Some(name)) = (&self.types, open.open_object().name()) {
                    types.suit(&name.to_string_lossy())?;
                }
                Ok(open)
            }
            Err(err) => {
                let verdict = diagnose::open(err, log.messages(), None, stderr_is_coloured());
                Err(log.tell(verdict))
            }
        }
    }

    /// Loads an opened skeleton into the kernel, which verifies its programs. A ring buffer has the
    /// size of the option `--ring-size`, if it is given.
    ///
    /// # Errors
    ///
    /// The kernel refuses a map or a program: its line of source, and what fixes it, where they are
    /// known. [`Rehearsed`] where `doctor` has started the app only to see it load.
    pub fn load<'obj, S: OpenSkel<'obj>>(&self, mut open: S) -> Result<S::Output> {
        fit_maps(open.open_object_mut(), self.ring_size)?;
        if self.rehearsal.is_some() || env::var_os(UNPINNED).is_some() {
            diagnose::unpin(open.open_object_mut());
        }
        let is_ring = |map: OpenMap<'_>| map.map_type() == MapType::RingBuf && map.autocreate();
        let uses_ring_buffer = open.open_object().maps().any(is_ring);
        let loads = self
            .rehearsal
            .as_ref()
            .map(|_| Loads::of(open.open_object()));
        let programs = Programs::of(open.open_object());
        let name = open.open_object().name().map(ToOwned::to_owned);
        // what explains a failure is looked for once there is one
        let (loaded, log) = logging::keep(|| open.load());
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(err) => {
                let loading = Loading {
                    programs,
                    kernel: self.needs.kernel,
                    uses_ring_buffer,
                    btf: self.types.as_ref().and_then(KernelTypes::named),
                    colours: stderr_is_coloured(),
                };
                let name = name.as_deref().and_then(OsStr::to_str);
                let object = name.and_then(Embedded::of_skeleton);
                let object = object.map(Embedded::object);
                let verdict = diagnose::load(err, log.messages(), &loading, object.as_ref());
                return Err(log.tell(verdict));
            }
        };
        log.print();
        // before anything is attached that might report it
        ProgramInfo::add(&mut self.programs.borrow_mut(), loaded.object());
        if let Some(metrics) = &self.metrics {
            metrics.watch_object(loaded.object());
        }
        if let (Some(rehearsal), Some(loads)) = (&self.rehearsal, loads) {
            rehearsal.borrow_mut().get_or_insert(loads);
            return Err(Rehearsed.into());
        }
        // from now on something may be attached that must be detached again
        self.run.signals.block()?;
        Ok(loaded)
    }

    /// Gives up every capability except those that the app keeps, and root's account, permanently:
    /// no_new_privs is set too. Root continues as the user who called sudo, or as nobody. Metrics
    /// are served and events are sent from then on, if that is wanted, and systemd is told that the app
    /// is ready.
    ///
    /// [`Session::poll`] does it. An app with a loop of its own calls it once all is attached and
    /// each ring buffer is mapped.
    ///
    /// # Errors
    ///
    /// The kernel refuses.
    pub fn give_up_privileges(&self) -> Result<()> {
        self.shed()?;
        self.run.service.ready();
        Ok(())
    }

    /// The same, of an app that is ready only once its first line is written.
    fn shed(&self) -> Result<()> {
        privileges::give_up(self.needs.keeps, self.run.has_command())?;
        self.output.settle()?;
        let Some(metrics) = &self.metrics else {
            return Ok(());
        };
        match (metrics.serve()?, &self.telemetry) {
            (Some(page), Some(telemetry)) => telemetry.start(page),
            _ => Ok(()),
        }
    }
}
