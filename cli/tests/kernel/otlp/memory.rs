//! What a service that sends its events has in memory.

use anyhow::{Result, ensure};
use bpfapps_testkit::{Test, many, test, while_testing};
use nix::sys::signal::Signal;

use super::receiver::Receiver;
use super::traced;

pub(crate) const TESTS: &[Test] = &[test!(full_requests_take_little_memory)];

/// A request has 512 events at most: as messages, all of one took 3 MiB more.
fn full_requests_take_little_memory() -> Result<()> {
    let receiver = Receiver::start(&[])?;
    let programs = many(1600);
    let script = format!(
        "i=0; while [ $i -lt {programs} ]; do /bin/true; i=$((i+1)); done; {}",
        while_testing("sleep 0.1")
    );
    let app = traced(&receiver, &script, &["--comm", "true"])?;
    receiver.until(|got| got.taken.len() == 2 * programs)?;
    let memory = app.status("RssAnon")?;
    app.signal(Signal::SIGINT)?;
    app.wait()?;
    let kib: usize = memory.trim_end_matches(" kB").trim().parse()?;
    ensure!(kib < 3 * 1024, "{kib} KiB");
    Ok(())
}
