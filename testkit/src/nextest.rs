use std::env;

use libtest_mimic::Arguments;

/// The reason why these tests do not run under cargo-nextest, if it asks for their names, as it
/// does first. It would run each test as a process beside others that load programs into the same
/// kernel; and it would count a test that skips itself as passed.
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
