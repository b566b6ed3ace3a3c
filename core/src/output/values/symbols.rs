//! From addresses to the names of functions, with feature `symbols`; without it, to hexadecimal.

use std::rc::Rc;

#[cfg(feature = "symbols")]
pub(super) use names::{kernel, process};

/// An address in the kernel or a program that has no name.
fn unnamed(address: u64) -> Rc<str> {
    format!("{address:#x}").into()
}

#[cfg(not(feature = "symbols"))]
pub(super) fn kernel(addresses: &[u64]) -> Vec<Rc<str>> {
    addresses.iter().copied().map(unnamed).collect()
}

#[cfg(not(feature = "symbols"))]
pub(super) fn process(_: u32, addresses: &[u64]) -> Vec<Rc<str>> {
    kernel(addresses)
}

#[cfg(feature = "symbols")]
mod names {
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::rc::Rc;
    use std::time::{Duration, Instant};

    use blazesym::MaybeDefault;
    use blazesym::symbolize::source::{Elf, Kernel, Process, Source};
    use blazesym::symbolize::{Input, Symbolized, Symbolizer};

    use super::super::modules::Modules;
    use super::unnamed;

    /// How long names of a process stay valid: it may load a library, or execute another program.
    const VALID: Duration = Duration::from_secs(5);

    /// Maximum number of processes whose names are remembered.
    const PROCESSES: usize = 1024;

    /// The kernel, among processes.
    const KERNEL: u32 = 0;

    thread_local! {
        static SYMBOLS: RefCell<Symbols> = RefCell::new(Symbols::new());
    }

    /// The functions of the kernel at these addresses.
    pub(in crate::output) fn kernel(addresses: &[u64]) -> Vec<Rc<str>> {
        // kallsyms is enough: no vmlinux file is searched
        let kernel = Kernel {
            vmlinux: MaybeDefault::None,
            ..Kernel::default()
        };
        SYMBOLS.with_borrow_mut(|symbols| symbols.names(KERNEL, &kernel.into(), addresses))
    }

    /// The functions at these addresses of a process, or the places in its files; the addresses if
    /// it has ended.
    pub(in crate::output) fn process(pid: u32, addresses: &[u64]) -> Vec<Rc<str>> {
        let mut process = Process::new(pid.into());
        // opens files by path: /proc/PID/map_files needs CAP_SYS_ADMIN
        process.map_files = false;
        process.debug_syms = false;
        SYMBOLS.with_borrow_mut(|symbols| symbols.names(pid, &process.into(), addresses))
    }

    struct Symbols {
        symbolizer: Symbolizer,
        processes: HashMap<u32, Names>,
    }

    /// The names of one process, by address.
    struct Names {
        since: Instant,
        names: HashMap<u64, Rc<str>>,
        modules: Option<Modules>,
    }

    impl Symbols {
        fn new() -> Self {
            Self {
                symbolizer: Symbolizer::builder().enable_code_info(false).build(),
                processes: HashMap::new(),
            }
        }

        fn names(&mut self, pid: u32, source: &Source<'_>, addresses: &[u64]) -> Vec<Rc<str>> {
            if self.processes.len() >= PROCESSES && !self.processes.contains_key(&pid) {
                self.processes.clear();
            }
            let fresh = || Names {
                since: Instant::now(),
                names: HashMap::new(),
                modules: None,
            };
            let process = self.processes.entry(pid).or_insert_with(fresh);
            if pid != KERNEL && process.since.elapsed() > VALID {
                *process = fresh();
            }
            let unknown = |address: &&u64| !process.names.contains_key(address);
            let new: Vec<_> = addresses.iter().filter(unknown).copied().collect();
            if !new.is_empty() {
                let found = self.symbolizer.symbolize(source, Input::AbsAddr(&new));
                let found = found.unwrap_or_default();
                let mut found = found.into_iter().map(Some).chain(std::iter::repeat(None));
                for address in new {
                    let name = match found.next().flatten() {
                        Some(Symbolized::Sym(symbol)) => Some(symbol.name.into()),
                        _ if pid == KERNEL => None,
                        _ => {
                            let modules = process.modules.get_or_insert_with(|| Modules::of(pid));
                            in_module(&self.symbolizer, modules, address)
                        }
                    };
                    process.names.extend(name.map(|name| (address, name)));
                }
            }
            let names = &process.names;
            let name = |address: &u64| match names.get(address) {
                Some(name) => name.clone(),
                None => unnamed(*address),
            };
            addresses.iter().map(name).collect()
        }
    }

    /// The function in a file that this program sees at another path, or the place in the file.
    fn in_module(symbolizer: &Symbolizer, modules: &mut Modules, address: u64) -> Option<Rc<str>> {
        let place = modules.place(address)?;
        if place.is_elsewhere {
            let mut elf = Elf::new(&place.file);
            elf.debug_syms = false;
            let offset = Input::FileOffset(place.offset);
            if let Ok(Symbolized::Sym(symbol)) = symbolizer.symbolize_single(&elf.into(), offset) {
                return Some(symbol.name.into());
            }
        }
        Some(modules.show(&place).into())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn functions_of_this_process_have_names() {
            let function = functions_of_this_process_have_names as fn();
            let names = process(std::process::id(), &[function as usize as u64, 1]);
            assert!(
                names[0].ends_with("functions_of_this_process_have_names"),
                "{names:?}"
            );
            assert_eq!(&*names[1], "0x1");
        }

        #[test]
        fn place_without_a_name_is_in_a_file() {
            let maps = std::fs::read_to_string("/proc/self/maps").expect("own mappings");
            let own = std::env::current_exe().expect("own path");
            let own = own.to_str().expect("UTF-8");
            // the header of the file
            let first = maps
                .lines()
                .find(|line| line.ends_with(own))
                .expect("own file");
            let (start, _) = first.split_once('-').expect("an address");
            let start = u64::from_str_radix(start, 16).expect("a number");
            let name = own.rsplit('/').next().expect("a name");
            let names = process(std::process::id(), &[start + 2]);
            assert_eq!(*names[0], format!("{name}+0x2"));
        }
    }
}
