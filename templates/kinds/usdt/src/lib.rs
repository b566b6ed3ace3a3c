//! Hits of a probe that a program has built in (USDT), live: who, and with what.
//!
//! Hooks: usdt of {{ probe }} in {{ binary }}, or of another one.
//! Needs: Linux {{ kernel }} with uprobes; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Context, Document, Needs, Result, Session, Stream, UsdtProbe, register, rodata, skeleton,
};

skeleton!("{{ name }}");

/// Trace the probe {{ probe }} of {{ binary }}
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Program or library with the probe: a path, or a name to search for
    #[arg(short, long, value_name = "FILE", default_value = "{{ binary }}")]
    binary: String,

    /// Probe to trace, as PROVIDER:NAME
    #[arg(short = 'P', long, value_name = "PROBE", default_value = "{{ probe }}")]
    probe: UsdtProbe,

    /// Report only hits by this process
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    pid: Option<i32>,

    /// Report only hits with that value of an argument, such as 0=42 for the first
    #[arg(short, long = "arg", value_name = "PLACE=VALUE", value_parser = arg)]
    arg: Option<Arg>,

    /// Show the argument at this place as a string: 0 is the first
    #[arg(long, value_name = "PLACE", value_parser = clap::value_parser!(i32).range(0..12))]
    string: Option<i32>,

    #[command(flatten)]
    stream: Stream,
}

/// A value that an argument is to have.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Arg {
    place: i32,
    value: i64,
}

fn arg(text: &str) -> Result<Arg> {
    let (place, value) = text.split_once('=').context("not of the form PLACE=VALUE")?;
    // USDT has at most 12 arguments
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
        rodata.string_arg = self.string.unwrap_or(-1);

        let skel = session.load(open)?;
        let program = &skel.progs.handle_probe;
        let _link = session.attach_usdt(program, &self.binary, &self.probe, self.pid)?;

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});

#[cfg(test)]
mod tests {
    use super::{Arg, arg};

    #[test]
    fn argument_has_a_place_and_a_value() {
        assert_eq!(arg("1=-7").ok(), Some(Arg { place: 1, value: -7 }));
        for text in ["", "1", "12=1", "-1=1", "a=1", "1=b"] {
            assert!(arg(text).is_err(), "{text}");
        }
    }
}
