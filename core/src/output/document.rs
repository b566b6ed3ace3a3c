use super::values::Buckets;

/// A kind of document that an app prints with `--output json` or `yaml`: what its row's
/// [`fields`](crate::output::Row::fields) writes.
#[derive(Clone, Copy, Debug)]
pub struct Document {
    /// Its `type`.
    pub kind: &'static str,
    /// When it is printed.
    pub about: &'static str,
    /// Its fields besides `version`, `type` and `time`.
    pub fields: &'static [Field],
}

impl Document {
    /// True of what is counted by key, not an event.
    pub(crate) fn is_counts(&self) -> bool {
        self.fields.iter().any(Field::is_count)
    }
}

/// A field of a document.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name; for [`Kind::Any`] the prefix of the names.
    pub name: &'static str,
    /// Its meaning, for the schema.
    pub about: &'static str,
    /// The type of its value.
    pub kind: Kind,
    /// True if it can be missing.
    pub optional: bool,
}

/// The type of a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number
    Number,
    /// Text, as far as it is UTF-8
    Text,
    /// True or false
    Flag,
    /// A list of texts
    Texts,
    /// A list of whole numbers
    Numbers,
    /// A number with decimals
    Decimal,
    /// A whole number that only grows
    Counter,
    /// How many values there were in each bucket: several fields, whose names it begins
    Histogram(Buckets),
    /// Whatever has a name that starts so: numbers and text
    Any,
}

impl Field {
    /// A number that [`Fields::number`](crate::output::Fields::number) writes.
    pub const fn number(name: &'static str, about: &'static str) -> Self {
        Self::new(name, about, Kind::Number)
    }

    /// Text that [`Fields::text`](crate::output::Fields::text) writes.
    pub const fn text(name: &'static str, about: &'static str) -> Self {
        Self::new(name, about, Kind::Text)
    }

    /// A list that [`Fields::texts`](crate::output::Fields::texts) writes.
    pub const fn texts(name: &'static str, about: &'static str) -> Self {
        Self::new(name, about, Kind::Texts)
    }

    /// A list of numbers.
    pub const fn numbers(name: &'static str, about: &'static str) -> Self {
        Self::new(name, about, Kind::Numbers)
    }

    /// A number with decimals.
    pub const fn decimal(name: &'static str, about: &'static str) -> Self {
        Self::new(name, about, Kind::Decimal)
    }

    /// A number that only grows.
    pub const fn counter(name: &'static str, about: &'static str) -> Self {
        Self::new(name, about, Kind::Counter)
    }

    /// A [histogram](crate::output::values::Histogram).
    pub const fn histogram(name: &'static str, about: &'static str, buckets: Buckets) -> Self {
        Self::new(name, about, Kind::Histogram(buckets))
    }

    /// True of a count of a key.
    pub(crate) fn is_count(&self) -> bool {
        matches!(self.kind, Kind::Counter | Kind::Histogram(_))
    }

    /// A field written by [`Fields::flag`](crate::output::Fields::flag).
    pub const fn flag(name: &'static str, about: &'static str) -> Self {
        Self::new(name, about, Kind::Flag)
    }

    /// Any number of numbers and texts whose names start with `prefix`, and which the kernel names.
    pub const fn any(prefix: &'static str, about: &'static str) -> Self {
        Self::new(prefix, about, Kind::Any)
    }

    /// It may be missing.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }

    const fn new(name: &'static str, about: &'static str, kind: Kind) -> Self {
        Self {
            name,
            about,
            kind,
            optional: matches!(kind, Kind::Any),
        }
    }
}
