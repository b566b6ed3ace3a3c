use std::borrow::Cow;

use bpfapps_host::names::{errno_name, signal_name, syscall_name};

use super::{Scalar, Value};
use crate::output::{Fields, push_decimal, push_signed};

/// Text without anything to escape.
fn push(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(text.as_bytes());
}

/// `bpfapps_errno`: an error number of errno(3), with either sign; 0 is none.
#[derive(Debug)]
pub struct Errno(pub i32);

impl Errno {
    fn name(&self) -> Cow<'static, str> {
        match self.0 {
            0 => "-".into(),
            number => errno_name(number.unsigned_abs()),
        }
    }
}

impl Value for Errno {
    fn show(&self, out: &mut Vec<u8>) {
        push(&self.name(), out);
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::text(self.name())
    }
}

/// `bpfapps_result`: the result of a kernel function. From -4095 to -1 it is an error, and the
/// field `error` has its name.
#[derive(Debug)]
pub struct Returned(pub i64);

impl Returned {
    fn error(&self) -> Option<Cow<'static, str>> {
        let number = u32::try_from(self.0.unsigned_abs()).ok()?;
        ((-4095..0).contains(&self.0)).then(|| errno_name(number))
    }
}

impl Value for Returned {
    fn show(&self, out: &mut Vec<u8>) {
        match self.error() {
            Some(error) => push(&error, out),
            None => push_signed(self.0, out),
        }
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::Signed(self.0)
    }

    fn field(&self, name: &str, fields: &mut Fields<'_>) {
        fields.signed(name, self.0);
        if let Some(error) = self.error() {
            fields.text("error", error.as_bytes());
        }
    }
}

/// `bpfapps_signal`: the number of a signal; 0 is none.
#[derive(Debug)]
pub struct Signal(pub u32);

impl Signal {
    fn name(&self) -> Cow<'static, str> {
        match self.0 {
            0 => "-".into(),
            number => signal_name(number),
        }
    }
}

impl Value for Signal {
    fn show(&self, out: &mut Vec<u8>) {
        push(&self.name(), out);
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::text(self.name())
    }
}

/// `bpfapps_exit_status`: a status of wait(2), shown in the fields `exit_code`, or `signal` and
/// `core_dumped`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// The process exited.
    Code(u32),
    /// A signal ended the process.
    Signal {
        /// The signal's number.
        number: u32,
        /// True if it dumped core.
        core_dumped: bool,
    },
}

impl ExitStatus {
    /// Only one of the two halves of a status is meaningful.
    pub fn of(status: u32) -> Self {
        match status & 0x7f {
            0 => Self::Code(status >> 8 & 0xff),
            number => Self::Signal {
                number,
                core_dumped: status & 0x80 != 0,
            },
        }
    }
}

impl Value for ExitStatus {
    fn show(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Code(code) => push_decimal(code.into(), out),
            Self::Signal {
                number,
                core_dumped,
            } => {
                push(&signal_name(number), out);
                if core_dumped {
                    push(", core dumped", out);
                }
            }
        }
    }

    fn scalar(&self) -> Scalar<'_> {
        match *self {
            Self::Code(code) => Scalar::Number(code.into()),
            Self::Signal { number, .. } => Scalar::text(signal_name(number)),
        }
    }

    fn field(&self, _: &str, fields: &mut Fields<'_>) {
        match *self {
            Self::Code(code) => fields.number("exit_code", code.into()),
            Self::Signal {
                number,
                core_dumped,
            } => {
                fields.text("signal", signal_name(number).as_bytes());
                fields.flag("core_dumped", core_dumped);
            }
        }
    }
}

/// `bpfapps_syscall`: the number of a system call on this architecture.
#[derive(Debug)]
pub struct Syscall(pub u32);

impl Value for Syscall {
    fn show(&self, out: &mut Vec<u8>) {
        push(&syscall_name(self.0), out);
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::text(syscall_name(self.0))
    }
}

/// `bpfapps_mode`: type and permissions of a file, as ls(1) shows them.
#[derive(Debug)]
pub struct Mode(pub u16);

impl Mode {
    fn letters(&self) -> [u8; 10] {
        let kind = match self.0 >> 12 {
            0o01 => b'p',
            0o02 => b'c',
            0o04 => b'd',
            0o06 => b'b',
            0o12 => b'l',
            0o14 => b's',
            0o10 => b'-',
            _ => b'?',
        };
        let mut letters = *b"?rwxrwxrwx";
        letters[0] = kind;
        for (place, letter) in letters[1..].iter_mut().enumerate() {
            if self.0 >> (8 - place) & 1 == 0 {
                *letter = b'-';
            }
        }
        // set-user-ID, set-group-ID and the sticky bit share a place with an execute bit
        for (bit, place, letter) in [(11, 3, b's'), (10, 6, b's'), (9, 9, b't')] {
            if self.0 >> bit & 1 == 1 {
                let can_execute = letters[place] == b'x';
                letters[place] = if can_execute {
                    letter
                } else {
                    letter.to_ascii_uppercase()
                };
            }
        }
        letters
    }
}

impl Value for Mode {
    fn show(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.letters());
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::Text(self.letters().to_vec().into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{one, shown};
    use super::*;

    #[test]
    fn errors_and_signals_have_names() {
        assert_eq!(one(&Errno(2)), ("ENOENT".into(), "\"ENOENT\"".into()));
        assert_eq!(one(&Errno(-13)).0, "EACCES");
        assert_eq!(one(&Signal(15)), ("SIGTERM".into(), "\"SIGTERM\"".into()));
        assert_eq!(
            shown(&Returned(-2)),
            ("ENOENT".into(), "\"value\":-2,\"error\":\"ENOENT\"".into())
        );
        assert_eq!(shown(&Returned(3)), ("3".into(), "\"value\":3".into()));
        assert_eq!(shown(&Returned(-4096)).0, "-4096");
    }

    #[test]
    fn status_is_a_code_or_a_signal() {
        assert_eq!(
            shown(&ExitStatus::of(7 << 8)),
            ("7".into(), "\"exit_code\":7".into())
        );
        let killed = shown(&ExitStatus::of(0x80 | 11));
        assert_eq!(killed.0, "SIGSEGV, core dumped");
        assert_eq!(killed.1, "\"signal\":\"SIGSEGV\",\"core_dumped\":true");
    }

    #[test]
    fn modes_read_as_in_ls() {
        let letters = [
            0o100_644, 0o040_755, 0o104_711, 0o041_777, 0o102_640, 0o120_777,
        ];
        let letters = letters.map(|mode| one(&Mode(mode)).0);
        let expected = [
            "-rw-r--r--",
            "drwxr-xr-x",
            "-rws--x--x",
            "drwxrwxrwt",
            "-rw-r-S---",
            "lrwxrwxrwx",
        ];
        assert_eq!(letters, expected);
    }
}
