//! A BPF program for each code of `bpfapps explain` that says why one does not load.

/// An object that must be refused.
#[derive(Clone, Copy)]
pub struct Case {
    /// The name of its `.bpf.c`: the code in lower case.
    pub name: &'static str,
    /// Its `.bpf.c`. `/* here */` marks the faulty line, and `/* from */` the lines that the
    /// explanation refers to.
    pub source: &'static str,
    /// The object file.
    pub object: &'static [u8],
    /// The same with `FIXED` defined: with the fix that the explanation suggests.
    pub fixed: &'static [u8],
}

/// Every one, in the order of the names.
pub const ALL: &[Case] = include!(concat!(env!("OUT_DIR"), "/cases.rs"));

impl Case {
    /// The numbers of the lines that are marked with `/* mark */`.
    pub fn lines(&self, mark: &str) -> Vec<usize> {
        let mark = format!("/* {mark} */");
        let lines = self.source.lines().zip(1..);
        lines
            .filter(|(line, _)| line.contains(&mark))
            .map(|(_, number)| number)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::Code;

    use super::*;

    /// Each code of loading has a page and a program that provokes it.
    #[test]
    fn each_code_has_a_program() {
        // what provokes the general one deserves a code of its own
        let codes = Code::ALL.iter().filter(|code| **code != Code::REJECTED);
        let codes = codes.map(|code| code.to_string().to_lowercase());
        for code in codes.filter(|code| code.as_str() < "bpf0040") {
            let is_it = |case: &Case| case.name == code;
            assert!(ALL.iter().any(is_it), "{code}.bpf.c is missing");
        }
        for case in ALL {
            let is_without = case.source.contains("names no instruction");
            assert!(
                is_without || !case.lines("here").is_empty(),
                "{} has no line at fault",
                case.name
            );
        }
    }
}
