use std::env;

use libtest_mimic::Arguments;

/// Why these tests do not run under cargo-nextest, where that asks for their names, which it does
/// first. Each test would be a process of its own beside others, which load programs into the same
/// kernel; and nextest knows no test that finds out that it can't run here, so such a test would
/// count as passed.
pub(crate) fn refusal(args: &Arguments) -> Option<String> {
    // cargo that a test under nextest has started inherits the variable, but lists nothing
    if !args.list || env::var_os("NEXTEST").is_none() {
        return None;
    }
    let id = env::var("NEXTEST_BINARY_ID").unwrap_or_default();
    let (package, test) = id.split_once("::").unwrap_or(("PACKAGE", "kernel"));
    Some(format!(
        "error: kernel tests do not run under cargo nextest: it runs tests at the same time, and \
         counts a skipped one as passed\n\
         hint: run these with `cargo test -p {package} --test {test} -- NAME`, and all others with \
         `cargo nextest run -E 'not binary({test})'`"
    ))
}
