//! The questions of a template, and who answers them: `--set`, a person, or the default.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context, Result, bail};
use bpfapps_templates::{Kind, Parameter, Values};

use super::lookup::{self, Answer};
use crate::out;

/// An answer to every question of `kind`.
pub(crate) fn values(kind: &Kind, set: &[(String, String)]) -> Result<Values> {
    let parameters = &kind.manifest.parameters;
    let keys: Vec<_> = parameters.iter().map(|p| p.key.as_str()).collect();
    if let Some((unknown, _)) = set.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
        let kind = &kind.name;
        bail!(match keys[..] {
            [] => format!("--set {unknown}: the template {kind} asks for nothing"),
            _ => format!(
                "--set {unknown}: the template {kind} asks for {}",
                keys.join(", ")
            ),
        });
    }
    let asking = io::stdin().is_terminal() && io::stderr().is_terminal();
    let mut values = Values::new();
    for parameter in parameters {
        let given = set.iter().rev().find(|(key, _)| *key == parameter.key);
        let value = match given {
            Some((_, value)) => {
                settle(parameter, value, &values)?;
                value.clone()
            }
            None if asking => ask(parameter, &values)?,
            None => assume(parameter, &values)?,
        };
        values.insert(parameter.key.clone(), value);
    }
    Ok(values)
}

/// Checks a given value: one that this machine refutes is an error.
fn settle(parameter: &Parameter, value: &str, values: &Values) -> Result<()> {
    let key = &parameter.key;
    match find(parameter, value, values) {
        Answer::There => Ok(()),
        Answer::Unknown(reason) => {
            out::note(format_args!(
                "note: {key} `{value}` is taken as it is: {reason}"
            ));
            Ok(())
        }
        Answer::Absent(reason) => bail!("--set {key}={value}: {reason}"),
    }
}

/// The default, which another machine than this one may have.
fn assume(parameter: &Parameter, values: &Values) -> Result<String> {
    let Parameter { key, default, .. } = parameter;
    if let Answer::Absent(reason) = find(parameter, default, values) {
        out::note(format_args!(
            "note: {key} is `{default}`, but {reason}: choose another with --set {key}=…"
        ));
    }
    Ok(default.clone())
}

/// Asks until the answer will do.
fn ask(parameter: &Parameter, values: &Values) -> Result<String> {
    let Parameter { asks, default, .. } = parameter;
    loop {
        let mut stderr = io::stderr().lock();
        write!(stderr, "which {asks}? [{default}] ")
            .and_then(|()| stderr.flush())
            .context("failed to ask")?;
        drop(stderr);
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        if read.context("failed to read an answer")? == 0 {
            bail!("no answer, so nothing was created");
        }
        let answer = match answer.trim() {
            "" => default.as_str(),
            answer => answer,
        };
        match find(parameter, answer, values) {
            Answer::Absent(reason) => out::note(reason),
            _ => return Ok(answer.to_owned()),
        }
    }
}

fn find(parameter: &Parameter, value: &str, values: &Values) -> Answer {
    // it becomes a part of source code
    if value.is_empty() || value.contains(|c: char| c.is_control() || "\"\\'".contains(c)) {
        let what = "it is empty, or contains a quote, a backslash or a control character";
        return Answer::Absent(what.to_owned());
    }
    let of = parameter.of.as_ref().and_then(|key| values.get(key));
    lookup::find(parameter.check, value, of.map(String::as_str))
}
