//! From the files of a template to those of an app.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use super::kind::{Kind, Values};
use super::name::camel_case;

/// What every app depends on, beside what its template adds.
const DEPENDENCIES: [&str; 3] = ["bpfapps-core", "clap", "libbpf-rs"];

/// The same for its tests.
const DEV_DEPENDENCIES: [&str; 4] = ["anyhow", "bpfapps-testkit", "nix", "serde_json"];

/// Stands for the app's name in the path of a file.
const NAME: &str = "NAME";

/// A file of an app, by its path in the app's folder.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// The files of an app.
pub(crate) fn app(kind: &Kind, name: &str, values: &Values) -> Result<Vec<File>> {
    let context = context(kind, name, values);
    let engine = engine()?;
    let files = kind.files()?;
    files
        .into_iter()
        .map(|(path, source)| {
            let text = fs::read_to_string(&source)
                .with_context(|| format!("failed to read {}", source.display()))?;
            Ok(File {
                path: Path::new(&path.to_string_lossy().replace(NAME, name)).to_owned(),
                // the error names the file and the line
                text: engine
                    .render_named_str(&source.to_string_lossy(), &text, &context)
                    .context("failed to render a template")?,
            })
        })
        .collect()
}

/// A key that nobody has set is an error, and text is taken as it is.
fn engine() -> Result<Environment<'static>> {
    // a line with nothing but a block on it leaves none
    let syntax = SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()?;
    let mut engine = Environment::new();
    engine.set_syntax(syntax);
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    Ok(engine)
}

fn context(kind: &Kind, name: &str, values: &Values) -> Value {
    let manifest = &kind.manifest;
    let own = [
        ("name", Value::from(name)),
        ("Name", Value::from(camel_case(name))),
        ("kind", Value::from(kind.name.as_str())),
        ("kernel", Value::from(manifest.kernel.as_str())),
        (
            "dependencies",
            sorted(&DEPENDENCIES, &manifest.dependencies),
        ),
        (
            "dev_dependencies",
            sorted(&DEV_DEPENDENCIES, &manifest.dev_dependencies),
        ),
    ];
    let own = own.map(|(key, value)| (key.to_owned(), value));
    let given = values
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.as_str())));
    let all: BTreeMap<_, _> = own.into_iter().chain(given).collect();
    all.into()
}

fn sorted(always: &[&str], more: &[String]) -> Value {
    let mut all: Vec<_> = always
        .iter()
        .copied()
        .chain(more.iter().map(String::as_str))
        .collect();
    all.sort_unstable();
    all.into_iter().map(Value::from).collect()
}
