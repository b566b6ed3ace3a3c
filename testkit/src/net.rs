//! Networks that a test makes for itself.

use std::fs::File;
use std::marker::PhantomData;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use nix::sched::{CloneFlags, setns, unshare};

const OWN: &str = "/proc/thread-self/ns/net";

/// A network namespace of this thread, with nothing but loopback in it: what the thread sends, and
/// each program that it starts, stays inside. It is left when this is dropped.
#[derive(Debug)]
pub struct Net {
    before: File,
    /// The namespace is this thread's, so this may not go to another.
    _of_this_thread: PhantomData<*const ()>,
}

impl Net {
    /// Enters a new one.
    ///
    /// # Errors
    ///
    /// The kernel refuses, or there is no `ip`.
    pub fn new() -> Result<Self> {
        let before = File::open(OWN).with_context(|| format!("failed to open {OWN}"))?;
        unshare(CloneFlags::CLONE_NEWNET).context("failed to unshare the network")?;
        let net = Self {
            before,
            _of_this_thread: PhantomData,
        };
        ip("link set lo up")?;
        Ok(net)
    }

    /// Adds interface `near` here, the other end of which is `far` in the network that this thread
    /// was in before, where that is a `Net`, too.
    ///
    /// # Errors
    ///
    /// The kernel refuses.
    pub fn veth(&self, near: &str, far: &str) -> Result<()> {
        use std::os::fd::AsRawFd as _;
        let fd = self.before.as_raw_fd();
        let own = std::process::id();
        ip(&format!(
            "link add {near} type veth peer name {far} netns /proc/{own}/fd/{fd}"
        ))
    }

    /// What `call` returns, called in the network that this thread was in before.
    ///
    /// # Errors
    ///
    /// Those of `call`.
    pub fn outside<T>(&self, call: impl FnOnce() -> Result<T>) -> Result<T> {
        let here = File::open(OWN).with_context(|| format!("failed to open {OWN}"))?;
        setns(&self.before, CloneFlags::CLONE_NEWNET).context("failed to enter a network")?;
        let result = call();
        setns(&here, CloneFlags::CLONE_NEWNET).context("failed to enter a network")?;
        result
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        let back = setns(&self.before, CloneFlags::CLONE_NEWNET);
        assert!(back.is_ok(), "a thread is stuck in a network: {back:?}");
    }
}

/// Runs `ip <words>` in the network of this thread.
///
/// # Errors
///
/// It is not there, or fails.
pub fn ip(words: &str) -> Result<()> {
    let output = Command::new("ip").args(words.split(' ')).output();
    let output = output.context("failed to run ip")?;
    ensure!(output.status.success(), "ip {words}: {output:?}");
    Ok(())
}
