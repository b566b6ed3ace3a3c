//! The server: one thread, in which no connection holds up another.

mod address;
mod http;
mod page;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::Result;
use nix::poll::PollFlags;
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with};

use crate::run::wait;
use http::too_long;

pub(crate) use address::Address;
pub(crate) use http::answer;
pub(crate) use page::Page;

/// Connections that are open at the same time: for one more the oldest is closed.
const MOST: usize = 16;

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of the longest request.
const LONGEST: usize = 8192;

/// Answers requests. `answer` gets the bytes that have come, and gives none while they are no whole
/// request.
pub(super) fn serve(socket: &OwnedFd, answer: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Result<()> {
    let mut open: VecDeque<Connection> = VecDeque::with_capacity(MOST);
    loop {
        let now = Instant::now();
        // the oldest is the first to run out of time
        let timeout = open
            .front()
            .map(|first| first.deadline.saturating_duration_since(now));
        let fds = open.iter().map(|one| (one.socket.as_fd(), one.waits_for()));
        let fds: Vec<_> = [(socket.as_fd(), PollFlags::POLLIN)]
            .into_iter()
            .chain(fds)
            .collect();
        let ready = wait(&fds, timeout)?;
        let now = Instant::now();
        let mut each = ready[1..].iter();
        open.retain_mut(|one| {
            let is_ready = each.next().is_some_and(|ready| *ready);
            now < one.deadline && (!is_ready || one.go_on(&answer))
        });
        if ready[0]
            && let Some(mut one) = accept(socket, &mut open)?
        {
            // a request that has come with the connection is answered at once
            if one.go_on(&answer) {
                open.push_back(one);
            }
        }
    }
}

/// The next connection, for which there is room then.
fn accept(socket: &OwnedFd, open: &mut VecDeque<Connection>) -> Result<Option<Connection>> {
    if open.len() == MOST {
        open.pop_front();
    }
    match accept_with(socket, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
        Ok(accepted) => Ok(Some(Connection {
            socket: accepted.into(),
            state: State::Reading(Vec::new()),
            deadline: Instant::now() + PATIENCE,
        })),
        Err(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) => Ok(None),
        Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
            // it stays in the queue: not at once again
            wait(&[], Some(Duration::from_millis(100)))?;
            Ok(None)
        }
        Err(err) => Err(err.into()),
    }
}

struct Connection {
    socket: File,
    state: State,
    deadline: Instant,
}

enum State {
    /// What has come of the request.
    Reading(Vec<u8>),
    /// The answer, and how much of it is sent.
    Writing(Vec<u8>, usize),
}

impl Connection {
    fn waits_for(&self) -> PollFlags {
        match self.state {
            State::Reading(_) => PollFlags::POLLIN,
            State::Writing(..) => PollFlags::POLLOUT,
        }
    }

    /// Reads and writes as far as that does not block; false at the end.
    fn go_on(&mut self, answer: &impl Fn(&[u8]) -> Option<Vec<u8>>) -> bool {
        loop {
            let done = match &mut self.state {
                State::Reading(request) => {
                    let mut piece = [0; 1024];
                    let read = self.socket.read(&mut piece);
                    if let Ok(length @ 1..) = read {
                        request.extend_from_slice(&piece[..length]);
                        let answer = match request.len() {
                            ..=LONGEST => answer(request),
                            _ => Some(too_long()),
                        };
                        if let Some(answer) = answer {
                            self.state = State::Writing(answer, 0);
                        }
                    }
                    read
                }
                State::Writing(answer, sent) => {
                    let written = self.socket.write(&answer[*sent..]);
                    if let Ok(length) = written {
                        *sent += length;
                    }
                    if *sent == answer.len() {
                        return false;
                    }
                    written
                }
            };
            match done {
                Ok(0) => return false,
                Ok(_) => {}
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) => return err.kind() == ErrorKind::WouldBlock,
            }
        }
    }
}
