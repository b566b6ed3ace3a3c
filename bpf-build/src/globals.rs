//! The global variables of an object, by the names that `bpfapps_core` has for their sections.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// The Rust code that lets `bpfapps_core::rodata` and its like find the variables of a skeleton.
pub(crate) fn rust_impls(skeleton: &Path) -> Result<String> {
    let text = fs::read_to_string(skeleton).context("failed to read the skeleton")?;
    let opened = text.lines().find_map(|line| {
        let name = line.trim().strip_prefix("pub struct Open")?;
        Some(name.split_once("Skel<")?.0)
    });
    let name = opened.context("libbpf-cargo names its skeletons otherwise now")?;
    let has = |data: &str| text.contains(&format!("pub {data}: Option<&'obj mut"));
    let mut code = String::new();
    for (section, data, types) in [
        ("Rodata", "rodata_data", &["Open"][..]),
        ("Data", "data_data", &["Open", ""]),
        ("Bss", "bss_data", &["Open", ""]),
    ] {
        let globals = data.trim_end_matches("_data");
        for state in types.iter().filter(|_| has(data)) {
            write!(
                code,
                "
impl ::bpfapps_core::{section} for {state}{name}Skel<'_> {{
    type Globals = types::{globals};

    fn globals(&mut self) -> Option<&mut types::{globals}> {{
        self.maps.{data}.as_deref_mut()
    }}
}}
"
            )?;
        }
    }
    Ok(code)
}
