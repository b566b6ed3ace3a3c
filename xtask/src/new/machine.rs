//! Whether what an app is to attach to is there, on this machine.

mod elf;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use bpfapps_explain::{did_you_mean, nearest};
use bpfapps_templates::Check;

use crate::tracefs;

/// What came out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    There,
    /// This machine can't tell, for that reason
    Unknown(String),
    /// It is not there: said in words, with what is near
    Absent(String),
}

/// Looks for `value`; `binary` is what a symbol is looked for in.
pub(crate) fn find(check: Check, value: &str, binary: Option<&str>) -> Result<Finding> {
    Ok(match check {
        Check::Text => Finding::There,
        Check::Tracepoint => tracepoint(value),
        Check::RawTracepoint => raw_tracepoint(value),
        Check::Function => function(value),
        Check::Interface => among("network interface", value, &names_in("/sys/class/net")),
        Check::Binary => match elf::resolve(value) {
            Some(_) => Finding::There,
            None => Finding::Absent(format!("there is no program or library `{value}`")),
        },
        Check::Symbol => elf::symbol(value, binary.unwrap_or_default()),
    })
}

fn tracepoint(value: &str) -> Finding {
    let Some((category, event)) = value.split_once('/') else {
        return Finding::Absent(format!("`{value}` is not of the form CATEGORY/EVENT"));
    };
    let events = match tracefs::find_or_mount() {
        Ok(tracefs) => tracefs.join("events"),
        Err(err) => return Finding::Unknown(format!("{err:#}")),
    };
    let is_plain = |part: &str| !part.is_empty() && !part.contains(['/', '.']);
    if is_plain(category) && is_plain(event) && events.join(value).join("format").is_file() {
        return Finding::There;
    }
    let all: Vec<_> = names_in(&events)
        .into_iter()
        .flat_map(|category| {
            let events = names_in(events.join(&category));
            events
                .into_iter()
                .map(move |event| format!("{category}/{event}"))
        })
        .filter(|name| events.join(name).is_dir())
        .collect();
    among("tracepoint", value, &all)
}

/// Each has a type of its own in BTF, whose name is what counts here.
fn raw_tracepoint(value: &str) -> Finding {
    let file = Path::new("/sys/kernel/btf/vmlinux");
    let Ok(btf) = fs::read(file) else {
        return Finding::Unknown(format!("{} can not be read", file.display()));
    };
    let names = btf.split(|&byte| byte == 0);
    let names: Vec<_> = names
        .filter_map(|name| name.strip_prefix(b"btf_trace_"))
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    among("raw tracepoint", value, &names)
}

fn function(value: &str) -> Finding {
    let file = Path::new("/proc/kallsyms");
    let Ok(symbols) = fs::read_to_string(file) else {
        return Finding::Unknown(format!("{} can not be read", file.display()));
    };
    // address, type, name, and where it is in a module the module's
    let functions = symbols.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        let is_code = matches!(words.next()?, "t" | "T" | "w" | "W");
        is_code.then_some(words.next()?)
    });
    let functions: Vec<_> = functions.map(str::to_owned).collect();
    match functions.is_empty() {
        true => Finding::Unknown(format!("{} names no function", file.display())),
        false => among("function in this kernel", value, &functions),
    }
}

fn names_in(folder: impl Into<PathBuf>) -> Vec<String> {
    let entries = fs::read_dir(folder.into()).into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect()
}

fn among(what: &str, value: &str, all: &[String]) -> Finding {
    if all.iter().any(|name| name == value) {
        return Finding::There;
    }
    Finding::Absent(format!("there is no {what} `{value}`{}", near(value, all)))
}

/// `: did you mean a, b or c?`, or nothing.
pub(crate) fn near(value: &str, all: &[String]) -> String {
    let near = nearest(value, all.iter().map(String::as_str));
    did_you_mean(&near).map_or_else(String::new, |near| format!(": {near}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_asked() {
        assert_eq!(function("vfs_read"), Finding::There);
        let Finding::Absent(said) = function("vfs_raed") else {
            panic!("it is there")
        };
        assert!(said.contains("vfs_read"), "{said}");

        let lo = find(Check::Interface, "lo", None).expect("an answer");
        assert_eq!(lo, Finding::There);
        let finding = find(Check::Interface, "../net/lo", None).expect("an answer");
        assert!(matches!(finding, Finding::Absent(_)), "{finding:?}");
    }
}
