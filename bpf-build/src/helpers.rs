//! The names of the kernel's helpers, from libbpf's headers.

use anyhow::{Context, Result, ensure};
use libbpf_rs::libbpf_sys::API_HEADERS;

/// The header that declares each helper: `static void *(* const bpf_map_lookup_elem)(…) = (void *)
/// 1;`
const FILE: &str = "bpf_helper_defs.h";

/// The names, indexed by number; an empty one for an unused number.
pub(crate) fn names() -> Result<Vec<String>> {
    let header = API_HEADERS.iter().find(|(name, _)| *name == FILE);
    let (_, text) = header.with_context(|| format!("libbpf has no {FILE}"))?;
    let names = parse(text);
    ensure!(names.len() > 200, "{FILE} declares helpers in another way");
    Ok(names)
}

fn parse(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for declaration in text.lines().filter_map(declaration) {
        let (name, number) = declaration;
        if names.len() <= number {
            names.resize(number + 1, String::new());
        }
        names[number] = name;
    }
    names
}

fn declaration(line: &str) -> Option<(String, usize)> {
    let (_, line) = line.split_once("(* const ")?;
    let (name, line) = line.split_once(')')?;
    let (_, number) = line.rsplit_once("(void *) ")?;
    Some((name.to_owned(), number.trim_end_matches(';').parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helper_stands_in_the_place_of_its_number() -> Result<()> {
        let names = names()?;
        assert_eq!(names[0], "");
        assert_eq!(names[1], "bpf_map_lookup_elem");
        assert_eq!(names[131], "bpf_ringbuf_reserve");
        Ok(())
    }
}
