//! A reader of bootstrap's ring buffer that does nothing with a record: what `cargo xtask bench
//! drain` holds its rows against. No program is loaded: the bench fills the ring buffer.

use std::mem::MaybeUninit;

use bpfapps_core::{Needs, Options, Result, Session, Stream, skeleton};
use libbpf_rs::skel::OpenSkel as _;

skeleton!("bootstrap");

fn main() -> Result<()> {
    let needs = Needs::linux("5.8").btf().capabilities(&[]);
    let session = Session::start(Options::default(), needs)?;
    let mut object = MaybeUninit::uninit();
    let mut open = session.open(BootstrapSkelBuilder::default(), &mut object)?;
    for mut program in open.open_object_mut().progs_mut() {
        program.set_autoload(false);
    }
    let skel = session.load(open)?;
    session.say("TIME ")?;
    session.poll(&Stream::default(), &skel, |_: &event| Ok(()))
}
