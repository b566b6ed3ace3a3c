//! The meaning of the types of `bpfapps/record.h`, each with its type in
//! `bpfapps_core::output::values`.

use std::borrow::Cow;

/// The type of a value in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Number,
    Decimal,
    Text,
    Flag,
    Numbers,
    Texts,
    /// `exit_code`, or `signal` and `core_dumped`.
    ExitStatus,
    /// A number, and the name of the error that it may be.
    Returned,
    /// A number that only grows.
    Counter,
    /// Its count, sum, quantiles and buckets.
    Histogram,
}

/// How a type is shown.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    pub(crate) name: &'static str,
    /// The value in Rust, of a member `{}`.
    pub(crate) value: Cow<'static, str>,
    /// Least width of its column.
    pub(crate) width: usize,
    pub(crate) json: Json,
    /// The description, unless the header has one.
    pub(crate) about: &'static str,
}

const fn meaning(
    name: &'static str,
    value: &'static str,
    width: usize,
    json: Json,
    about: &'static str,
) -> Meaning {
    Meaning {
        name,
        value: Cow::Borrowed(value),
        width,
        json,
        about,
    }
}

/// When it happened: the first column, and a field of its own.
pub(crate) const TIME: &str = "bpfapps_boot_ns";
pub(crate) const DURATION: &str = "bpfapps_ns";
pub(crate) const ADDRESS: &str = "bpfapps_address";
pub(crate) const PORT: &str = "bpfapps_port";
pub(crate) const PID: &str = "bpfapps_pid";
/// The stack of a process, which another member names.
pub(crate) const USER_STACK: &str = "bpfapps_user_stack";
/// Counts of a key, which are structs.
pub(crate) const COUNT: &str = "bpfapps_count";
pub(crate) const LOG2: &str = "bpfapps_log2";
pub(crate) const LINEAR: &str = "bpfapps_linear";
/// Types of texts that follow the record.
pub(crate) const TEXT: &str = "bpfapps_text";
pub(crate) const WORDS: &str = "bpfapps_words";

/// Text in an array of char.
pub(crate) const CHARS: Meaning = meaning("char", "Text(c_bytes(&{}))", 16, Json::Text, "");

/// An array of bytes.
pub(crate) const BYTES: Meaning = meaning("__u8", "HexBytes(&{})", 16, Json::Text, "");

/// An enum.
pub(crate) const ENUM: Meaning = meaning("enum", "Enum(&{})", 0, Json::Text, "");
pub(crate) const FLAGS: Meaning = meaning("enum", "Flags(&{})", 0, Json::Texts, "");

/// Integers have names of their own: this is how they are shown.
pub(crate) const fn number(width: usize) -> Meaning {
    meaning("integer", "{}", width, Json::Number, "")
}

/// How often something happened, and how often in a second.
pub(crate) const TOTAL: Meaning = meaning(COUNT, "{}.total", 10, Json::Counter, "");
pub(crate) const RATE: Meaning = meaning(COUNT, "PerSecond({}.rate)", 9, Json::Decimal, "");

/// A histogram.
pub(crate) const HISTOGRAM: Meaning = meaning(
    LOG2,
    "Histogram::new({}.sum, &{}.buckets, BUCKETS)",
    0,
    Json::Histogram,
    "",
);

/// The types that have a meaning by their name.
pub(crate) fn named(name: &str) -> Option<&'static Meaning> {
    TYPES.iter().find(|meaning| meaning.name == name)
}

const TYPES: &[Meaning] = &[
    meaning(DURATION, "Ns({})", 10, Json::Number, ""),
    meaning(
        "bpfapps_comm",
        "Text(c_bytes(&{}))",
        16,
        Json::Text,
        "The thread's name, at most 15 bytes.",
    ),
    meaning(PID, "{}", 7, Json::Number, "The process."),
    meaning("bpfapps_tid", "{}", 7, Json::Number, "Its thread."),
    meaning(
        "bpfapps_uid",
        "{}",
        5,
        Json::Number,
        "The user that it runs as.",
    ),
    meaning(
        "bpfapps_cpu",
        "{}",
        3,
        Json::Number,
        "The CPU it happened on.",
    ),
    meaning(
        "bpfapps_cgroup",
        "{}",
        10,
        Json::Number,
        "The id of its cgroup v2.",
    ),
    meaning("bpfapps_bool", "({} != 0)", 3, Json::Flag, ""),
    meaning(
        "bpfapps_errno",
        "Errno({})",
        10,
        Json::Text,
        "An error of errno(3), such as ENOENT.",
    ),
    meaning(
        "bpfapps_result",
        "Returned({})",
        10,
        Json::Returned,
        "What it returned; a negative number is an error.",
    ),
    meaning(
        "bpfapps_signal",
        "Signal({})",
        9,
        Json::Text,
        "A signal, such as SIGTERM.",
    ),
    meaning(
        "bpfapps_exit_status",
        "ExitStatus::of({})",
        9,
        Json::ExitStatus,
        "",
    ),
    meaning(
        "bpfapps_syscall",
        "Syscall({})",
        16,
        Json::Text,
        "A system call, such as openat.",
    ),
    meaning(
        "bpfapps_mode",
        "Mode({})",
        10,
        Json::Text,
        "Type and permissions, as in ls(1).",
    ),
    meaning("bpfapps_bytes", "Bytes({})", 9, Json::Number, ""),
    meaning("bpfapps_hex", "Hex({})", 18, Json::Text, ""),
    meaning("bpfapps_percent", "Percent({})", 7, Json::Decimal, ""),
    meaning(
        ADDRESS,
        "Address(&{})",
        24,
        Json::Text,
        "An address, IPv4 or IPv6.",
    ),
    meaning(
        "bpfapps_ipv4",
        "Ipv4({})",
        15,
        Json::Text,
        "An IPv4 address.",
    ),
    meaning(
        PORT,
        "{}",
        5,
        Json::Number,
        "Its port; 0 where there is none.",
    ),
    meaning(
        "bpfapps_protocol",
        "Protocol({})",
        6,
        Json::Text,
        "tcp, udp and so on, or a number of IANA's.",
    ),
    meaning(
        "bpfapps_tcp_flags",
        "TcpFlags({})",
        8,
        Json::Texts,
        "The flags of the TCP header, if it has one.",
    ),
    meaning(
        "bpfapps_ifindex",
        "Interface({})",
        8,
        Json::Text,
        "A network interface.",
    ),
    meaning(
        "bpfapps_kernel_stack",
        "KernelStack(&{})",
        40,
        Json::Texts,
        "Where in the kernel it is, the innermost function first.",
    ),
    meaning(
        USER_STACK,
        "UserStack(PID, &{})",
        40,
        Json::Texts,
        "Where in its program it is, the innermost function first.",
    ),
    meaning(TEXT, "Text(self.{})", 16, Json::Text, ""),
    meaning(WORDS, "Words(self.{})", 16, Json::Texts, ""),
];
