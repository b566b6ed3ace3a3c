use std::collections::BTreeSet;

use bpfapps_core::Registration;
use bpfapps_explain::visible;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};

use crate::options::plain;
use crate::options::yaml::{Node, Value};
use crate::registered::Apps;

/// An option that a configuration sets, as if it stood on the command line.
#[derive(Debug)]
pub(super) struct Setting {
    /// The option's name in clap.
    pub(super) id: String,
    pub(super) args: Vec<String>,
}

/// The options in a configuration.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) of: Vec<(&'static str, Vec<Setting>)>,
    /// The mistakes, with their places.
    pub(super) wrong: Vec<(Node, String)>,
}

impl Settings {
    /// Reads the names of all apps, and the options of those matching `predicate`.
    pub(super) fn read(
        root: &Node,
        apps: &Apps,
        predicate: impl Fn(&Registration) -> bool,
    ) -> Self {
        let mut settings = Self::default();
        let Some(sections) = settings.map(root, "expected apps with their options, as in `app:`")
        else {
            return settings;
        };
        let mut seen = BTreeSet::new();
        for (key, section) in sections {
            let Some(name) = settings.name(key, &mut seen) else {
                continue;
            };
            let Some(app) = apps.get(name) else {
                let advice = apps.advice(name);
                let name = shown(name).unwrap_or_else(|| "of that name".to_owned());
                let what = format!("there is no app {name}: {advice}");
                settings.wrong.push((key.clone(), what));
                continue;
            };
            if predicate(app) {
                let found = settings.section(section, &mut plain(app, apps));
                settings.of.push((app.name, found));
            }
        }
        settings
    }

    fn section(&mut self, section: &Node, command: &mut Command) -> Vec<Setting> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let what = "expected options with their values, as in `option: value`";
        for (key, value) in self.map(section, what).unwrap_or_default() {
            let Some(name) = self.name(key, &mut seen) else {
                continue;
            };
            let arg = command.get_arguments().find(|arg| {
                let sets = !matches!(arg.get_action(), ArgAction::Help | ArgAction::Version);
                sets && arg.get_long() == Some(name)
            });
            match arg.cloned() {
                Some(_) if name == "config" => {
                    let what = "'--config' can not be set in a configuration";
                    self.wrong.push((key.clone(), what.into()));
                }
                Some(arg) => found.extend(self.setting(&arg, key, value, command)),
                None => self.wrong.push((key.clone(), unknown(name, command))),
            }
        }
        found
    }

    /// Lets clap validate each value alone, and then all of them together.
    fn setting(
        &mut self,
        arg: &Arg,
        key: &Node,
        value: &Node,
        command: &mut Command,
    ) -> Option<Setting> {
        let name = arg.get_long()?;
        let values = match &value.value {
            Value::List(values) => values.iter().collect(),
            _ => vec![value],
        };
        let before = self.wrong.len();
        let mut args = Vec::new();
        for node in values {
            let wrong = match (&node.value, arg.get_action()) {
                (Value::Text(text), ArgAction::SetTrue) => match text.as_str() {
                    "true" => {
                        args.push(format!("--{name}"));
                        None
                    }
                    "false" => None,
                    _ => Some(format!(
                        "invalid value '{}' for '--{name}': not true or false",
                        visible(text)
                    )),
                },
                (Value::Text(text), _) => {
                    args.push(format!("--{name}={text}"));
                    refusal(&args[args.len() - 1..], command)
                }
                (Value::Empty, _) => Some(format!("'--{name}' has no value")),
                _ => Some(format!(
                    "'--{name}' takes a value, not a map or a list in a list"
                )),
            };
            // an empty value has no place of its own, so its key's is used
            let place = if node.value == Value::Empty {
                key
            } else {
                node
            };
            self.wrong.extend(wrong.map(|what| (place.clone(), what)));
        }
        if self.wrong.len() == before
            && let Some(what) = refusal(&args, command)
        {
            self.wrong.push((key.clone(), what));
        }
        Some(Setting {
            id: arg.get_id().to_string(),
            args,
        })
    }

    /// The entries of a map, which may be empty; `what` names the expected content in errors.
    fn map<'a>(&mut self, node: &'a Node, what: &str) -> Option<&'a [(Node, Node)]> {
        match &node.value {
            Value::Map(entries) => Some(entries),
            Value::Empty => Some(&[]),
            Value::Text(_) | Value::List(_) => {
                self.wrong.push((node.clone(), what.into()));
                None
            }
        }
    }

    /// A key, if it is a name that is not in `seen`.
    fn name<'a>(&mut self, key: &'a Node, seen: &mut BTreeSet<&'a str>) -> Option<&'a str> {
        let what = match &key.value {
            Value::Text(name) if seen.insert(name) => return Some(name),
            Value::Text(name) => {
                let name = shown(name).unwrap_or_else(|| "the same".to_owned());
                format!("{name} is already given above")
            }
            _ => "a key is to be a name".into(),
        };
        self.wrong.push((key.clone(), what));
        None
    }
}

/// Why clap refuses these arguments, if it does; what else is needed may come from elsewhere.
fn refusal(args: &[String], command: &mut Command) -> Option<String> {
    let name = command.get_name().to_owned();
    let args = std::iter::once(&name).chain(args);
    let err = command.try_get_matches_from_mut(args).err()?;
    (err.kind() != ErrorKind::MissingRequiredArgument).then(|| sentence(&err))
}

/// clap's error for an unknown option.
fn unknown(name: &str, command: &mut Command) -> String {
    let arg = format!("--{name}");
    match command.try_get_matches_from_mut([command.get_name().to_owned(), arg]) {
        Err(err) if is_a_name(name) && err.kind() == ErrorKind::UnknownArgument => sentence(&err),
        // `--help` is known, but does not set anything
        _ if is_a_name(name) => format!("unexpected argument '--{name}' found"),
        _ => "unexpected argument found".to_owned(),
    }
}

/// A key for a message. Anything unlike the name of an option is not shown: the file may be no
/// configuration, and its content may be secret.
fn shown(name: &str) -> Option<String> {
    is_a_name(name).then(|| format!("'{name}'"))
}

fn is_a_name(text: &str) -> bool {
    const LONGEST: usize = 32;
    let is_part = |c: u8| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(is_part)
}

/// The reason of a clap error, without its form: the usage goes with a command line.
fn sentence(err: &clap::Error) -> String {
    let text = err.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let reason = text.split("\n\n").next().unwrap_or(text);
    let lines: Vec<_> = reason.lines().map(str::trim).collect();
    let similar = [ContextKind::SuggestedArg, ContextKind::SuggestedValue]
        .into_iter()
        .find_map(|kind| match err.get(kind) {
            Some(ContextValue::String(one)) => Some(one.as_str()),
            Some(ContextValue::Strings(several)) => several.first().map(String::as_str),
            _ => None,
        });
    let similar = similar.map_or_else(String::new, |name| format!(" (similar: '{name}')"));
    visible(&(lines.join(" ") + &similar))
}

#[cfg(test)]
mod tests {
    use bpfapps_minimal as _;
    use bpfapps_procs as _;
    use proptest::prelude::*;

    use super::*;
    use crate::Binary;
    use crate::options::yaml;

    /// The options for each app, and `LINE: reason` for each mistake.
    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let binary = Binary {
            name: "bpfapps",
            version: "1",
            about: "apps",
        };
        let apps = Apps::of(binary).expect("apps");
        let root = match yaml::read(text) {
            Ok(root) => root,
            Err(mistake) => return (vec![], vec![format!("{}: {}", mistake.line, mistake.what)]),
        };
        let settings = Settings::read(&root, &apps, |_| true);
        let wrong = settings.wrong.iter();
        let wrong = wrong.map(|(node, what)| format!("{}: {what}", yaml::line(text, node)));
        let reported = settings.of.iter().map(|(app, settings)| {
            let args = settings.iter().flat_map(|setting| setting.args.clone());
            format!("{app} {}", args.collect::<Vec<_>>().join(" "))
        });
        (reported.collect(), wrong.collect())
    }

    #[test]
    fn values_reach_clap_as_they_were_written() {
        let text = "procs:\n  comm: ['1.0', 007, True]\n  failed-only: true\n  strict: false\n";
        let args = "procs --comm=1.0 --comm=007 --comm=True --failed-only";
        assert_eq!(read(text), (vec![args.to_owned()], vec![]));
    }

    #[test]
    fn nothing_in_a_name_reaches_the_terminal() {
        let text = r#"procs: {"\e[2J": 1, comm: "\e]0;0123456789abcdef", uid: "x\n\ny"}"#;
        let (_, wrong) = read(text);
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        for line in wrong {
            assert!(!line.chars().any(char::is_control), "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_options_or_mistakes(
            bytes in prop::collection::vec(any::<u8>(), 0..64),
            text in r#"(procs|minimal|once|uid|comm|duration|true|[0-9a&*!=\-,\[\]{}'"\\ \n]|: |\n  |\n  - ){0,32}"#,
        ) {
            for text in [String::from_utf8_lossy(&bytes).into_owned(), text] {
                for line in read(&text).1 {
                    prop_assert!(!line.chars().any(char::is_control), "{line:?}");
                }
            }
        }
    }
}
