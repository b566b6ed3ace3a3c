use std::fmt;

use anyhow::{Result, bail};
use clap::{ArgMatches, Command, FromArgMatches as _};
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::{App, Rehearsal, rehearsal};
use crate::output::Document;
use crate::session::{Needs, Options, Session};
use crate::{metrics, telemetry};

/// An app as the command line sees it. [`register!`](crate::register) makes these.
pub struct Registration {
    /// The subcommand.
    pub name: &'static str,
    /// Requirements on the machine.
    pub needs: Needs,
    /// The documents that it prints.
    pub documents: &'static [Document],
    /// The Cargo package that registered it.
    pub package: &'static str,
    /// Its clap command, with all its options.
    pub command: fn() -> Command,
    /// Further objects that the app loads, by name: see [`App::ALSO_LOADS`].
    pub also_loads: &'static [&'static str],
    /// Starts the app with these arguments, until its programs are loaded, and not further.
    pub rehearse: fn(&[String], Options) -> Rehearsal,
    /// Takes the app's own options from what clap matched, runs the app in a session, and returns
    /// the exit code.
    pub run: fn(&ArgMatches, Options) -> Result<u8>,
}

impl Registration {
    /// The registration of `A`, which lives in `package`.
    pub const fn of<A: App>(package: &'static str) -> Self {
        Self {
            name: A::NAME,
            needs: A::NEEDS,
            documents: A::DOCUMENTS,
            package,
            command: command::<A>,
            also_loads: A::ALSO_LOADS,
            rehearse: rehearsal::of::<A>,
            run: |matches, options| {
                processes_exist(matches)?;
                let app = A::from_arg_matches(matches)?;
                let sent = telemetry::Arguments::from_arg_matches(matches)?.sent(A::NAME);
                let metrics = metrics::Arguments::from_arg_matches(matches)?;
                let served = metrics.served(A::NAME, sent.is_some());
                let options = sized(options, matches);
                let session = Session::exporting(options, A::NEEDS, served, sent)?;
                app.run(&session)?;
                session.exit_code()
            },
        }
    }

    /// A description of the app in one line.
    pub fn about(&self) -> String {
        (self.command)()
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default()
    }
}

/// The command of an app. An invalid value with a leading minus sign is reported as a wrong number,
/// not as an unknown option.
pub(super) fn command<A: App>() -> Command {
    // the app's description counts, and comes last
    let command = metrics::Arguments::augment(Command::new(A::NAME), A::DOCUMENTS);
    let command = telemetry::Arguments::augment(command, A::DOCUMENTS);
    let command = A::augment_args(command);
    command.mut_args(|arg| match arg.get_action().takes_values() {
        true => arg.allow_negative_numbers(true),
        false => arg,
    })
}

/// Adds the size of the ring buffer, if the app has a [`Stream`](crate::Stream).
pub(super) fn sized(options: Options, matches: &ArgMatches) -> Options {
    let ring_size = matches.try_get_one("ring_size").ok().flatten().copied();
    Options {
        ring_size,
        ..options
    }
}

/// Fails if an option `--pid` names a process that does not exist: no event would ever come.
fn processes_exist(matches: &ArgMatches) -> Result<()> {
    let unsigned = matches.try_get_many::<u32>("pid").ok().flatten();
    let signed = matches.try_get_many::<i32>("pid").ok().flatten();
    let unsigned = unsigned.into_iter().flatten().copied().map(i64::from);
    let signed = signed.into_iter().flatten().copied().map(i64::from);
    for pid in unsigned.chain(signed) {
        // as numbered in our own PID namespace, also without /proc
        let found = match i32::try_from(pid) {
            Ok(number) if number > 0 => kill(Pid::from_raw(number), None),
            _ => Err(Errno::ESRCH),
        };
        // one of another user's is there all the same
        if found == Err(Errno::ESRCH) {
            bail!("there is no process {pid}");
        }
    }
    Ok(())
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("name", &self.name)
            .field("package", &self.package)
            .finish_non_exhaustive()
    }
}

inventory::collect!(Registration);

/// Every registered app, sorted by name: `inventory` promises no order.
///
/// # Errors
///
/// Two apps of one name: both packages are named.
pub fn registry() -> Result<Vec<&'static Registration>> {
    let mut apps: Vec<_> = inventory::iter::<Registration>().collect();
    apps.sort_by_key(|app| (app.name, app.package));
    for pair in apps.windows(2) {
        if pair[0].name == pair[1].name {
            bail!(
                "two apps are called `{}`, in the packages {} and {}: rename one",
                pair[0].name,
                pair[0].package,
                pair[1].package
            );
        }
    }
    Ok(apps)
}
