//! One object with a program for each hook that is wrong, or that a kernel may not have; and what an
//! app does with it.

use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use bpfapps_core::{Needs, Options, Result, Session, Target, skeleton};
use bpfapps_diagnose::Object;
use libbpf_rs::skel::OpenSkel as _;
use libbpf_rs::{Link, OpenObject, UprobeOpts};

skeleton!("hooks");

/// Nothing that [`Session::open`] could miss before the kernel does.
const NEEDS: Needs = Needs::linux("5.8").capabilities(&[]);

macro_rules! objects {
    ($($name:literal),*) => {
        &[$(Object::new($name, include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".o")))),*]
    };
}

/// Object files that can't be opened.
pub const OBJECTS: &[Object<'static>] = objects!["other_order", "no_btf", "legacy_maps", "not_bpf"];

/// An object that must not be loaded only to examine it: it reuses a pinned map, and takes much
/// memory.
pub const GREEDY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/greedy.bpf.o"));

/// One of 3,000 maps.
pub const CROWDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/crowded.bpf.o"));

/// An object that leaves sizes and a hook to its program, of whose programs some are alternatives,
/// and which asks before it uses what may be missing.
pub const LEFT_OPEN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/left_open.bpf.o"));

/// An object whose programs leave bytes of their records unwritten.
pub const RECORDS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/records.bpf.o"));

/// An object with a program that reads beyond the record of its tracepoint.
pub const BEYOND: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/beyond.bpf.o"));

/// An object with a program for a function that the kernel does not trace.
pub const UNTRACED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/untraced.bpf.o"));

/// A run of an app, and its object.
pub struct Run {
    session: Session,
    object: MaybeUninit<OpenObject>,
}

impl Run {
    /// One whose types are read from `btf`, if that is given.
    ///
    /// # Errors
    ///
    /// Those of [`Session::start`].
    pub fn start(btf: Option<PathBuf>) -> Result<Self> {
        let options = Options {
            btf,
            ..Options::default()
        };
        Ok(Self {
            session: Session::start(options, NEEDS)?,
            object: MaybeUninit::uninit(),
        })
    }

    /// Loads the program of that name, and none else, as an app does.
    ///
    /// # Errors
    ///
    /// The error that the user of the app would see.
    pub fn load(&mut self, program: &str) -> Result<Loaded<'_>> {
        let Self { session, object } = self;
        let mut open = session.open(HooksSkelBuilder::default(), object)?;
        for mut one in open.open_object_mut().progs_mut() {
            let wanted = one.name() == program;
            one.set_autoload(wanted);
        }
        let skel = session.load(open)?;
        Ok(Loaded { skel, session })
    }
}

/// A program in the kernel.
pub struct Loaded<'run> {
    session: &'run Session,
    /// The skeleton of all of them.
    pub skel: HooksSkel<'run>,
}

impl Loaded<'_> {
    /// Attaches it by its section.
    ///
    /// # Errors
    ///
    /// Those of [`Run::load`].
    pub fn attach(&mut self) -> Result<()> {
        self.session.attach(&mut self.skel)
    }

    /// Attaches `on_uprobe` to a function: its name, or its place in the file.
    ///
    /// # Errors
    ///
    /// Those of [`Run::load`].
    pub fn attach_uprobe(&self, binary: &str, function: &str) -> Result<Link> {
        let program = &self.skel.progs.on_uprobe;
        let place = function.parse().ok();
        let opts = UprobeOpts {
            func_name: place.is_none().then(|| function.to_owned()),
            ..UprobeOpts::default()
        };
        let target = Target::Symbol { binary, function };
        self.session.attach_to(program.name(), target, || {
            program.attach_uprobe_with_opts(-1, binary, place.unwrap_or(0), opts)
        })
    }

    /// Attaches `on_cgroup`.
    ///
    /// # Errors
    ///
    /// Those of [`Run::load`].
    pub fn attach_cgroup(&self, folder: &Path) -> Result<Link> {
        let program = &self.skel.progs.on_cgroup;
        let cgroup = File::open(folder)?;
        let kind = program.attach_type();
        self.session
            .attach_to(program.name(), Target::Cgroup(folder, &kind), || {
                program.attach_cgroup(cgroup.as_raw_fd())
            })
    }
}
