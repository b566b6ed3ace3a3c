//! Networks that a test makes for itself.

use std::fs::File;
use std::marker::PhantomData;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Output};
use std::time::Duration;
use std::{io, thread};

use anyhow::{Context, Result, ensure};
use nix::sched::{CloneFlags, setns, unshare};

use crate::{Process, cli, skip};

const OWN: &str = "/proc/thread-self/ns/net";

/// A network namespace of this thread with only loopback: it confines the thread's traffic and the
/// programs that it starts. The thread leaves it when this is dropped.
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

    /// Adds the interface `near` here. Its other end is `far`, in the thread's previous network, if
    /// that is a `Net` too.
    ///
    /// # Errors
    ///
    /// The kernel refuses, or has none: then the test is skipped.
    pub fn veth(&self, near: &str, far: &str) -> Result<()> {
        use std::os::fd::AsRawFd as _;
        let fd = self.before.as_raw_fd();
        let own = std::process::id();
        let words = format!("link add {near} type veth peer name {far} netns /proc/{own}/fd/{fd}");
        let output = run_ip(&words)?;
        // as busybox puts it, and as iproute2 does
        let unknown = ["Operation not supported", "Unknown device type"];
        let stderr = String::from_utf8_lossy(&output.stderr);
        if unknown.iter().any(|words| stderr.contains(words)) {
            return skip(
                "this kernel has no virtual Ethernet: CONFIG_VETH is off, or its module is not there",
            );
        }
        ensure!(output.status.success(), "ip {words}: {output:?}");
        Ok(())
    }

    /// Calls `call` in the thread's previous network.
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

/// Two UDP sockets at `address`, and the address to send to; the second socket waits a few seconds
/// for packets of the first.
///
/// # Errors
///
/// There is no such address.
pub fn pair(address: &str) -> Result<(UdpSocket, UdpSocket, SocketAddr)> {
    let sender = UdpSocket::bind((address, 0)).context("failed to bind")?;
    let receiver = UdpSocket::bind((address, 0)).context("failed to bind")?;
    receiver.set_read_timeout(Some(Duration::from_secs(5)))?;
    let to = receiver.local_addr()?;
    Ok((sender, receiver, to))
}

/// Has a thread answer each connection to a port at `address`, and returns which port.
///
/// # Errors
///
/// There is no such address.
pub fn serve(
    address: &str,
    answer: impl Fn(TcpStream) -> io::Result<()> + Send + 'static,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind((address, 0)).context("failed to bind")?;
    let at = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // who asked may have gone
            let _ = answer(stream);
        }
    });
    Ok(at)
}

/// Checks the message for an `--interface` that does not exist: its name, and the existing ones.
///
/// # Errors
///
/// Something else.
pub fn missing_interface_is_named(app: &str) -> Result<()> {
    let _net = Net::new()?;
    Process::run(&mut cli([app, "--interface", "no-such"]))?
        .expect_code(1)?
        .expect_stderr("error[BPF0054]: there is no network interface `no-such`")?
        .expect_stderr("hint: there are: lo")?;
    Ok(())
}

/// Runs `ip <words>` in the network of this thread.
///
/// # Errors
///
/// It is not there, or fails.
pub fn ip(words: &str) -> Result<()> {
    let output = run_ip(words)?;
    ensure!(output.status.success(), "ip {words}: {output:?}");
    Ok(())
}

fn run_ip(words: &str) -> Result<Output> {
    let output = Command::new("ip").args(words.split(' ')).output();
    output.context("failed to run ip")
}
