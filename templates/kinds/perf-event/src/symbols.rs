//! From addresses to the names of functions.

use std::collections::HashMap;

use blazesym::MaybeDefault;
use blazesym::symbolize::source::{Kernel, Process, Source};
use blazesym::symbolize::{Input, Symbolized, Symbolizer};

/// So many names at the most are remembered: then it starts anew.
const REMEMBERED: usize = 65_536;

/// Names of functions, once they were looked up.
pub(crate) struct Symbols {
    symbolizer: Symbolizer,
    /// By process, of which 0 is the kernel, and address.
    names: HashMap<(u32, u64), String>,
}

impl Symbols {
    pub(crate) fn new() -> Self {
        Self {
            symbolizer: Symbolizer::builder().enable_code_info(false).build(),
            names: HashMap::new(),
        }
    }

    /// The functions of the kernel at these addresses.
    pub(crate) fn of_kernel(&mut self, addresses: &[u64]) -> Vec<String> {
        // what the running kernel says about itself is enough
        let kernel = Kernel {
            vmlinux: MaybeDefault::None,
            ..Kernel::default()
        };
        self.names(0, &Source::Kernel(kernel), addresses)
    }

    /// The functions of a process at these addresses; of one that has ended only the addresses.
    pub(crate) fn of_process(&mut self, pid: u32, addresses: &[u64]) -> Vec<String> {
        let mut process = Process::new(pid.into());
        // by path: the other way takes CAP_SYS_ADMIN
        process.map_files = false;
        process.debug_syms = false;
        self.names(pid, &Source::Process(process), addresses)
    }

    fn names(&mut self, pid: u32, source: &Source<'_>, addresses: &[u64]) -> Vec<String> {
        let unknown = |address: &&u64| !self.names.contains_key(&(pid, **address));
        let new: Vec<_> = addresses.iter().filter(unknown).copied().collect();
        if self.names.len() + new.len() > REMEMBERED {
            self.names.clear();
            return self.names(pid, source, addresses);
        }
        if !new.is_empty() {
            // what can't be looked up keeps its address
            let found = self.symbolizer.symbolize(source, Input::AbsAddr(&new));
            for (&address, symbol) in new.iter().zip(found.unwrap_or_default()) {
                if let Symbolized::Sym(symbol) = symbol {
                    self.names.insert((pid, address), symbol.name.into_owned());
                }
            }
        }
        let name = |address: &u64| match self.names.get(&(pid, *address)) {
            Some(name) => name.clone(),
            None => format!("{address:#x}"),
        };
        addresses.iter().map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_this_process_have_names() {
        let mut symbols = Symbols::new();
        let function = functions_of_this_process_have_names as fn();
        let names = symbols.of_process(std::process::id(), &[function as usize as u64, 1]);
        assert!(names[0].ends_with("functions_of_this_process_have_names"), "{names:?}");
        assert_eq!(names[1], "0x1");
    }
}
