//! minijinja, set up for source code.

use anyhow::{Context, Result};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

/// Renders texts.
#[derive(Debug)]
pub(crate) struct Engine(Environment<'static>);

impl Engine {
    /// An undefined key is an error, and text is not escaped.
    pub(crate) fn new() -> Result<Self> {
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
        Ok(Self(engine))
    }

    /// Renders a text; an error names the file and the line.
    pub(crate) fn render(&self, name: &str, text: &str, context: &Value) -> Result<String> {
        self.0
            .render_named_str(name, text, context)
            .context("failed to render a template")
    }
}
