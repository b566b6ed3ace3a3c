use std::collections::BTreeSet;

use anyhow::Result;
use bpfapps_btf::elf;
use bpfapps_host::capabilities::Capability;
use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::{DataSec, Func, Var};
use libbpf_rs::{MapType, OpenMap, OpenObject, ProgramType, num_possible_cpus};
use object::read::elf::ElfFile64;
use object::{Object as _, ObjectSymbol as _};

use super::code::Code;
use super::relocations::Relocation;
use super::{Helper, Object, Unset, Wanted, relocations, unset};
use crate::Target;

/// Fewer instructions are alike by chance.
const SHAPE: usize = 8;

/// Everything that an object requires of the kernel.
#[derive(Debug)]
pub struct Demands {
    /// Its programs.
    pub programs: Vec<Program>,
    /// Its maps by name, including those that hold global variables.
    pub maps: Vec<(String, MapType)>,
    /// Maximum memory that the kernel allocates when it creates the maps, in bytes.
    pub memory: u64,
    /// Kernel symbols that are resolved by name at load.
    pub externs: Vec<Extern>,
    /// Sizes of maps that its program sets before it loads the object.
    pub unset: Vec<Unset>,
}

/// A program of an object.
#[derive(Debug)]
pub struct Program {
    /// The name of its function.
    pub name: String,
    /// The section, which names its hook, such as `tp_btf/sched_process_exec`.
    pub section: String,
    /// The program type.
    pub kind: ProgramType,
    /// True if libbpf loads it by default.
    pub autoload: bool,
    /// The helpers that it calls.
    pub helpers: BTreeSet<Helper>,
    /// The kernel types that it refers to.
    pub types: BTreeSet<Wanted>,
    /// How far it reads into its context, in bytes: the kernel compares that with the length of a
    /// tracepoint's records when it attaches the program.
    pub reach: u64,
    /// The opcodes of its instructions.
    shape: Vec<u8>,
    /// Its instructions and what they refer to; empty if they refer to nothing.
    text: Vec<u8>,
}

/// A kernel symbol that an object refers to.
#[derive(Debug)]
pub struct Extern {
    /// Its name in the kernel.
    pub name: String,
    /// True for a function (kfunc), false for a variable.
    pub is_function: bool,
    /// True if the object can load without it.
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
            let own: Vec<_> = relocations.iter().filter(is_own).collect();
            // a read of a member that it asks for may never run
            let counts = |at: u64| {
                let mut relocated = own.iter().filter(|it| it.at == at);
                let asks = |ty: &str| {
                    let mut all = own.iter().map(|it| &it.wanted);
                    all.any(|wanted| wanted.is_question && wanted.ty == ty)
                };
                !relocated.any(|it| asks(&it.wanted.ty))
            };
            let helpers = functions
                .iter()
                .flat_map(|function| code.helpers(*function));
            Program {
                kind: program.prog_type(),
                autoload: program.autoload(),
                helpers: helpers.map(Helper).collect(),
                types: own.iter().map(|it| it.wanted.clone()).collect(),
                reach: functions.first().map_or(0, |it| code.reach(*it, counts)),
                text: code.text(&functions),
                shape: functions.iter().flat_map(|it| code.shape(*it)).collect(),
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
            unset: unset::of(open),
        })
    }

    /// True if loading requires the kernel's BTF.
    pub fn needs_btf(&self) -> bool {
        self.programs
            .iter()
            .any(|program| !program.types.is_empty() || program.is_typed())
    }
}

impl Program {
    /// The attach target, if the section names it.
    pub fn target(&self) -> Option<Target<'_>> {
        Target::of_section(&self.section)
    }

    /// True if its hook is resolved from the kernel's BTF at load.
    pub fn is_typed(&self) -> bool {
        self.target().is_some_and(|target| target.is_typed())
    }

    /// True if its section leaves the hook to the program that loads it: `kprobe`, `fentry/dummy`.
    pub fn is_open(&self) -> bool {
        unset::is_open(&self.section)
    }

    /// True if it can't be loaded before that program sets its hook.
    pub fn awaits_hook(&self) -> bool {
        unset::awaits_hook(&self.section)
    }

    /// True if a program loads only one of the two: they are for the same function or tracepoint
    /// in different ways, or have the same instructions besides offsets and constants, as for a
    /// function that was renamed. Short ones must be the same in all.
    pub fn is_twin_of(&self, other: &Self) -> bool {
        if self.name == other.name {
            return false;
        }
        let same_place = match (self.place(), other.place()) {
            (Some((name, way)), Some((other, other_way))) => name == other && way != other_way,
            _ => false,
        };
        let same_shape = self.shape.len() >= SHAPE && self.shape == other.shape;
        same_place || same_shape || (!self.text.is_empty() && self.text == other.text)
    }

    /// The function or tracepoint, and the way in which it is attached to it.
    fn place(&self) -> Option<((bool, &str), &'static str)> {
        Some(match self.target()? {
            Target::Function(name) => ((true, name), "kprobe"),
            Target::Trampoline(name) => ((true, name), "fentry"),
            Target::Tracepoint(name) => ((false, name.rsplit('/').next()?), "tp"),
            Target::RawTracepoint(name) => ((false, name), "raw_tp"),
            Target::TypedTracepoint(name) => ((false, name), "tp_btf"),
            _ => return None,
        })
    }

    /// The capabilities required to load a program of this type and attach it with libbpf, as
    /// checked by `bpf_prog_load` in the kernel.
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

/// Memory of a map with all its entries, in bytes.
fn memory(map: &OpenMap<'_>) -> u64 {
    /// Overhead per entry of a hash table, in bytes.
    const OVERHEAD: u64 = 64;
    let entries = u64::from(map.max_entries());
    if !map.autocreate() || map.map_type() == MapType::Arena {
        return 0;
    }
    if map.key_size() == 0 && map.value_size() == 0 {
        // a ring buffer: `max_entries` is its size in bytes
        return entries;
    }
    let (key, value) = (u64::from(map.key_size()), u64::from(map.value_size()));
    let copies = match map.map_type() {
        MapType::PercpuArray | MapType::PercpuHash | MapType::LruPercpuHash => cpus(),
        _ => 1,
    };
    let entry = value.next_multiple_of(8).saturating_mul(copies);
    entries.saturating_mul(entry.saturating_add(key + OVERHEAD))
}

fn cpus() -> u64 {
    num_possible_cpus().unwrap_or(1) as u64
}

/// The undefined symbols of the object: kfuncs, and variables in the section `.ksyms`.
fn externs(file: &object::File<'_>, btf: &Btf<'_>) -> Vec<Extern> {
    let section = btf
        .type_by_kind::<DataSec<'_>>()
        .find(|section| section.name().is_some_and(|name| name == ".ksyms"));
    // it also lists functions, but libbpf removes them when it opens an object
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
