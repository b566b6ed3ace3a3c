use std::collections::BTreeSet;

use anyhow::Result;
use bpfapps_host::capabilities::Capability;
use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::{DataSec, Func, Var};
use libbpf_rs::{MapType, OpenMap, OpenObject, ProgramType, num_possible_cpus};
use object::read::elf::ElfFile64;
use object::{Object as _, ObjectSymbol as _};

use super::code::Code;
use super::relocations::Relocation;
use super::{Helper, Object, Wanted, elf, relocations};
use crate::Target;

/// What an object asks of the kernel.
#[derive(Debug)]
pub struct Demands {
    /// Its programs.
    pub programs: Vec<Program>,
    /// Its maps, by name; among them those that hold global variables.
    pub maps: Vec<(String, MapType)>,
    /// The memory that the kernel takes for its maps when it makes them, in bytes, at most.
    pub memory: u64,
    /// What is to be found in the kernel by name when it is loaded.
    pub externs: Vec<Extern>,
}

/// A program of an object.
#[derive(Debug)]
pub struct Program {
    /// What its function is called.
    pub name: String,
    /// The section that says what it is for, such as `tp_btf/sched_process_exec`.
    pub section: String,
    /// Its type.
    pub kind: ProgramType,
    /// Whether libbpf loads it without being told to.
    pub autoload: bool,
    /// The helpers that it calls.
    pub helpers: BTreeSet<Helper>,
    /// The types of the kernel that it refers to.
    pub types: BTreeSet<Wanted>,
}

/// Something of the kernel that an object names.
#[derive(Debug)]
pub struct Extern {
    /// Its name in the kernel.
    pub name: String,
    /// A function, a kfunc; else a variable.
    pub is_function: bool,
    /// Whether the object can do without it.
    pub is_weak: bool,
}

impl Demands {
    pub(super) fn of(object: &Object<'_>, open: &OpenObject) -> Result<Self> {
        let file = elf::parse(&object.bytes)?;
        let btf = Btf::from_raw(&object.name, &object.bytes)?;
        let code = Code(ElfFile64::parse(&*object.bytes)?);
        let relocations = relocations::of(&file, btf.as_ref())?;
        let programs = open.progs().map(|program| {
            let name = program.name().to_string_lossy().into_owned();
            let section = program.section().to_string_lossy().into_owned();
            let functions = code.functions(&name);
            let is_own = |it: &&Relocation| {
                let mut own = functions.iter();
                own.any(|function| function.section == it.section && function.has(it.at))
            };
            let own = relocations.iter().filter(is_own);
            let helpers = functions
                .iter()
                .flat_map(|function| code.helpers(*function));
            Program {
                kind: program.prog_type(),
                autoload: program.autoload(),
                helpers: helpers.map(Helper).collect(),
                types: own.map(|it| it.wanted.clone()).collect(),
                name,
                section,
            }
        });
        let maps = open
            .maps()
            .map(|map| (map.name().to_string_lossy().into_owned(), map.map_type()));
        Ok(Self {
            programs: programs.collect(),
            maps: maps.collect(),
            memory: open
                .maps()
                .map(|map| memory(&map))
                .fold(0, u64::saturating_add),
            externs: btf.map_or_else(Vec::new, |btf| externs(&file, &btf)),
        })
    }

    /// Whether it can only be loaded where the kernel's types are known.
    pub fn needs_btf(&self) -> bool {
        self.programs
            .iter()
            .any(|program| !program.types.is_empty() || program.is_typed())
    }
}

impl Program {
    /// What it attaches to, as far as its section says.
    pub fn target(&self) -> Option<Target<'_>> {
        Target::of_section(&self.section)
    }

    /// Whether its hook is found in the kernel's BTF, and found when the program is loaded.
    pub fn is_typed(&self) -> bool {
        self.target().is_some_and(|target| target.is_typed())
    }

    /// The capabilities without which the kernel refuses a program of this type, or that libbpf
    /// attaches it: as `bpf_prog_load` in the kernel decides.
    pub fn capabilities(&self) -> &'static [Capability] {
        use Capability::{CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON};
        use ProgramType as T;
        match self.kind {
            T::Kprobe | T::Tracepoint | T::PerfEvent | T::RawTracepoint => &[CAP_BPF, CAP_PERFMON],
            T::RawTracepointWritable | T::Tracing | T::Lsm | T::StructOps | T::Ext => {
                &[CAP_BPF, CAP_PERFMON]
            }
            T::SocketFilter | T::Syscall | T::Unspec | T::Unknown => &[CAP_BPF],
            _ => &[CAP_BPF, CAP_NET_ADMIN],
        }
    }
}

/// What the kernel takes for a map with all its entries.
fn memory(map: &OpenMap<'_>) -> u64 {
    /// What a hash table has beside each key and value.
    const BESIDE: u64 = 64;
    let entries = u64::from(map.max_entries());
    if !map.autocreate() || map.map_type() == MapType::Arena {
        return 0;
    }
    if map.key_size() == 0 && map.value_size() == 0 {
        // a ring buffer, in bytes
        return entries;
    }
    let (key, value) = (u64::from(map.key_size()), u64::from(map.value_size()));
    let copies = match map.map_type() {
        MapType::PercpuArray | MapType::PercpuHash | MapType::LruPercpuHash => cpus(),
        _ => 1,
    };
    let entry = value.next_multiple_of(8).saturating_mul(copies);
    entries.saturating_mul(entry.saturating_add(key + BESIDE))
}

fn cpus() -> u64 {
    num_possible_cpus().unwrap_or(1) as u64
}

/// What the object's symbol table leaves to others: kfuncs, and variables in the section `.ksyms`.
fn externs(file: &object::File<'_>, btf: &Btf<'_>) -> Vec<Extern> {
    let section = btf
        .type_by_kind::<DataSec<'_>>()
        .find(|section| section.name().is_some_and(|name| name == ".ksyms"));
    // functions are in it as well, but libbpf takes them out when it opens an object
    let is_variable = |name: &str| {
        section.as_ref().is_some_and(|section| {
            let mut variables = section
                .iter()
                .filter_map(|entry| btf.type_by_id::<Var<'_>>(entry.ty));
            variables.any(|variable| variable.name().is_some_and(|it| it == name))
        })
    };
    let undefined = file.symbols().filter(|symbol| symbol.is_undefined());
    let found = undefined.filter_map(|symbol| {
        let name = symbol.name().ok().filter(|name| !name.is_empty())?;
        let is_function = btf.type_by_name::<Func<'_>>(name).is_some();
        (is_function || is_variable(name)).then(|| Extern {
            name: name.to_owned(),
            is_function,
            is_weak: symbol.is_weak(),
        })
    });
    found.collect()
}
