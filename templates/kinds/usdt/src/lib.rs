//! Hits of a probe that a program has built in (USDT), live: who, and with what.
//!
//! Hooks: usdt of {{ probe }} in {{ binary }}, or of another one.
//! Needs: Linux {{ kernel }} with uprobes; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Context, Document, Needs, Result, Session, Stream, Target, register, rodata, skeleton,
};
use libbpf_rs::{Link, ProgramMut};

skeleton!("{{ name }}");

/// To libbpf: the process that hits the probe does not matter.
const ANY_PROCESS: i32 = -1;

/// Trace the probe {{ probe }} of {{ binary }}
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Program or library that the probe is in: a path, or a name to look up
    #[arg(short, long, value_name = "FILE", default_value = "{{ binary }}")]
    binary: String,

    /// Probe to trace, as PROVIDER:NAME
    #[arg(
        short = 'P', long, value_name = "PROBE", default_value = "{{ probe }}",
        value_parser = probe
    )]
    probe: Probe,

    /// Report only hits by this process
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    pid: Option<i32>,

    /// Report only hits with that value of an argument, such as 0=42 for the first
    #[arg(short, long = "arg", value_name = "PLACE=VALUE", value_parser = arg)]
    arg: Option<Arg>,

    #[command(flatten)]
    stream: Stream,
}

/// The name of a probe.
#[derive(Clone, Debug, PartialEq)]
struct Probe {
    provider: String,
    name: String,
}

fn probe(text: &str) -> Result<Probe> {
    let parts = text.split_once(':').filter(|(provider, name)| {
        let is_plain = |part: &str| !part.is_empty() && !part.contains(':');
        is_plain(provider) && is_plain(name)
    });
    let (provider, name) = parts.context("not of the form PROVIDER:NAME")?;
    Ok(Probe {
        provider: provider.to_owned(),
        name: name.to_owned(),
    })
}

/// A value that an argument is to have.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Arg {
    place: i32,
    value: i64,
}

fn arg(text: &str) -> Result<Arg> {
    let (place, value) = text.split_once('=').context("not of the form PLACE=VALUE")?;
    // the kernel side looks at no more than USDT has
    let place = place.parse().ok().filter(|place| (0..12).contains(place));
    Ok(Arg {
        place: place.context("a place is a number from 0 to 11")?,
        value: value.parse().context("not a number")?,
    })
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}");

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        if let Some(Arg { place, value }) = self.arg {
            (rodata.only_arg, rodata.only_value) = (place, value);
        }

        let skel = session.load(open)?;
        let _link = self.attach(session, &skel.progs.handle_probe)?;

        session.report::<event>(&self.stream, &skel)
    }
}

impl {{ Name }} {
    /// Attaches to the probe, for as long as the link lives.
    fn attach(&self, session: &Session, program: &ProgramMut<'_>) -> Result<Link> {
        let (binary, Probe { provider, name }) = (&self.binary, &self.probe);
        let target = Target::Probe {
            binary,
            provider,
            name,
        };
        let pid = self.pid.unwrap_or(ANY_PROCESS);
        session.attach_to(program.name(), target, || {
            program.attach_usdt(pid, binary, provider, name)
        })
    }
}

register!({{ Name }});

#[cfg(test)]
mod tests {
    use super::{Arg, arg, probe};

    #[test]
    fn probe_has_a_provider() {
        let found = probe("libstdcxx:throw").expect("a probe");
        assert_eq!((found.provider.as_str(), found.name.as_str()), ("libstdcxx", "throw"));
        for text in ["", "throw", ":throw", "libstdcxx:", "a:b:c"] {
            assert!(probe(text).is_err(), "{text}");
        }
    }

    #[test]
    fn argument_has_a_place_and_a_value() {
        assert_eq!(arg("1=-7").ok(), Some(Arg { place: 1, value: -7 }));
        for text in ["", "1", "12=1", "-1=1", "a=1", "1=b"] {
            assert!(arg(text).is_err(), "{text}");
        }
    }
}
