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
    use blazesym::symbolize::source::{Kernel, Process, Source};
    use blazesym::symbolize::{Input, Symbolized, Symbolizer};

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

    /// The functions at these addresses of a process; the addresses if it has ended.
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
            };
            let process = self.processes.entry(pid).or_insert_with(fresh);
            if pid != KERNEL && process.since.elapsed() > VALID {
                *process = fresh();
            }
            let names = &mut process.names;
            let unknown = |address: &&u64| !names.contains_key(address);
            let new: Vec<_> = addresses.iter().filter(unknown).copied().collect();
            if !new.is_empty() {
                let found = self.symbolizer.symbolize(source, Input::AbsAddr(&new));
                for (&address, symbol) in new.iter().zip(found.unwrap_or_default()) {
                    if let Symbolized::Sym(symbol) = symbol {
                        names.insert(address, symbol.name.into());
                    }
                }
            }
            let name = |address: &u64| match names.get(address) {
                Some(name) => name.clone(),
                None => unnamed(*address),
            };
            addresses.iter().map(name).collect()
        }
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
    }
}
