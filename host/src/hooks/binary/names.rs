//! Names of functions, as a user writes them and as a file has them.

use cpp_demangle::DemangleOptions;

use super::elf::Symbol;

/// What a user wants to probe.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    /// An address, as in the file's symbols.
    Address(u64),
    /// A function, and the distance from its start in bytes.
    Name {
        name: &'a str,
        version: Option<&'a str>,
        plus: u64,
    },
}

/// Reads `0x1149`, `main`, `main+0x10`, `memcpy@GLIBC_2.2.5`.
pub(super) fn wanted(text: &str) -> Wanted<'_> {
    if let Some(address) = hexadecimal(text) {
        return Wanted::Address(address);
    }
    let behind = text.rsplit_once('+').and_then(|(name, plus)| {
        let plus = hexadecimal(plus).or_else(|| plus.parse().ok())?;
        Some((name, plus))
    });
    let (name, plus) = behind.unwrap_or((text, 0));
    let (name, version, _) = versioned(name);
    Wanted::Name {
        name,
        version,
        plus,
    }
}

fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// A name, its version, and whether that is not the default: `memcpy@GLIBC_2.2.5`.
pub(super) fn versioned(name: &str) -> (&str, Option<&str>, bool) {
    match name.split_once('@') {
        Some((bare, version)) => match version.strip_prefix('@') {
            Some(version) => (bare, Some(version), false),
            None => (bare, Some(version), true),
        },
        None => (name, None, false),
    }
}

/// The functions of that name, one for each address: by the name in the file, else demangled. Of
/// several, the default version and the exported ones go first.
pub(super) fn matching<'s, 'data>(
    symbols: &'s [Symbol<'data>],
    name: &str,
    version: Option<&str>,
) -> Vec<&'s Symbol<'data>> {
    let mut found: Vec<_> = symbols
        .iter()
        .filter(|symbol| symbol.name == name)
        .collect();
    if found.is_empty() {
        found = demangled(symbols, name);
    }
    match version {
        Some(version) => found.retain(|symbol| symbol.version == Some(version)),
        None => prefer(&mut found, |symbol| !symbol.is_old),
    }
    prefer(&mut found, |symbol| symbol.is_global);
    // the one of the dynamic linker has the version
    found.sort_by_key(|symbol| (symbol.address, symbol.version.is_none()));
    found.dedup_by_key(|symbol| symbol.address);
    found
}

fn prefer<'s, 'data>(
    found: &mut Vec<&'s Symbol<'data>>,
    is_better: impl Fn(&Symbol<'data>) -> bool,
) {
    if found.iter().any(|symbol| is_better(symbol)) {
        found.retain(|symbol| is_better(symbol));
    }
}

fn demangled<'s, 'data>(symbols: &'s [Symbol<'data>], name: &str) -> Vec<&'s Symbol<'data>> {
    let wanted = squeezed(name);
    let word = last_word(name);
    let is_it = |symbol: &&Symbol<'_>| {
        let found = symbol.name;
        found.contains(word)
            && [full(found), plain(found)]
                .into_iter()
                .flatten()
                .any(|name| squeezed(&name) == wanted)
    };
    symbols.iter().filter(is_it).collect()
}

/// The part of a demangled name that the mangled one has as well; empty if that does not show.
fn last_word(name: &str) -> &str {
    if name.contains("operator") {
        return "";
    }
    let name = name.split('(').next().unwrap_or_default();
    let name = match name.starts_with('<') {
        true => name,
        false => name.split('<').next().unwrap_or_default(),
    };
    let is_part = |c: char| c == '_' || c.is_alphanumeric();
    let end = name.trim_end_matches(|c| !is_part(c));
    end.rsplit(|c| !is_part(c)).next().unwrap_or_default()
}

fn squeezed(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The demangled name with its parameters, if it is mangled.
pub(super) fn full(name: &str) -> Option<String> {
    rust(name).or_else(|| cpp(name, &DemangleOptions::new().no_return_type()))
}

/// The demangled name without its parameters, if it is mangled.
pub(super) fn plain(name: &str) -> Option<String> {
    let options = DemangleOptions::new().no_return_type().no_params();
    rust(name).or_else(|| cpp(name, &options))
}

fn rust(name: &str) -> Option<String> {
    // without the hash
    let name = rustc_demangle::try_demangle(name).ok()?;
    Some(format!("{name:#}"))
}

fn cpp(name: &str, options: &DemangleOptions) -> Option<String> {
    if !name.starts_with("_Z") {
        return None;
    }
    let symbol = cpp_demangle::Symbol::new(name.as_bytes()).ok()?;
    symbol.demangle_with_options(options).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(name: &'static str, address: u64) -> Symbol<'static> {
        let (name, version, is_old) = versioned(name);
        Symbol {
            name,
            version,
            is_old,
            is_global: true,
            is_ifunc: false,
            address,
            size: 16,
        }
    }

    #[test]
    fn what_a_user_writes() {
        let name = |name, version, plus| Wanted::Name {
            name,
            version,
            plus,
        };
        assert_eq!(wanted("0x1149"), Wanted::Address(0x1149));
        assert_eq!(wanted("main"), name("main", None, 0));
        assert_eq!(wanted("main+0x10"), name("main", None, 16));
        assert_eq!(wanted("main+16"), name("main", None, 16));
        assert_eq!(wanted("memcpy@V1"), name("memcpy", Some("V1"), 0));
        assert_eq!(wanted("memcpy@@V2+4"), name("memcpy", Some("V2"), 4));
        assert_eq!(wanted("operator+"), name("operator+", None, 0));
    }

    #[test]
    fn names_are_mangled_or_not() {
        let all = [
            symbol("main", 1),
            symbol("_ZN2ns3fooEi", 2),
            symbol("_ZN2ns3fooEd", 3),
            symbol("_ZN2ns3BarC1Ev", 4),
            symbol("_ZNK2ns3BarplERKS0_", 5),
            symbol("_ZN3app4main17h0123456789abcdefE", 6),
            symbol("_Z5twiceIiET_S0_", 7),
        ];
        let found = |name| -> Vec<u64> {
            let found = matching(&all, name, None);
            found.iter().map(|symbol| symbol.address).collect()
        };
        assert_eq!(found("main"), [1]);
        assert_eq!(found("ns::foo"), [2, 3]);
        assert_eq!(found("ns::foo(int)"), [2]);
        assert_eq!(found("_ZN2ns3fooEd"), [3]);
        assert_eq!(found("ns::Bar::Bar"), [4]);
        assert_eq!(found("ns::Bar::operator+"), [5]);
        assert_eq!(found("app::main"), [6]);
        assert_eq!(found("twice<int>"), [7]);
        assert!(found("foo").is_empty());
    }

    #[test]
    fn default_version_is_taken() {
        let all = [
            symbol("memcpy@V1", 1),
            symbol("memcpy@@V2", 2),
            symbol("old@V1", 3),
        ];
        let found = |name, version| -> Vec<u64> {
            let found = matching(&all, name, version);
            found.iter().map(|symbol| symbol.address).collect()
        };
        assert_eq!(found("memcpy", None), [2]);
        assert_eq!(found("memcpy", Some("V1")), [1]);
        assert_eq!(found("old", None), [3]);
        assert!(found("memcpy", Some("V3")).is_empty());
    }
}
