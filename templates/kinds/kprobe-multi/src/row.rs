//! How a count reads in the table, and in JSON and YAML.

use bpfapps_core::output::{Columns, Fields, Line, Row};
use bpfapps_core::{Document, Field};

/// How often a function was called.
pub(crate) struct Calls<'a> {
    /// When it was looked at: nanoseconds since boot.
    pub(crate) time_ns: u64,
    pub(crate) function: &'a str,
    pub(crate) count: u64,
}

impl Row for Calls<'_> {
    const COLUMNS: Columns = &[("TIME", 8), ("CALLS", 10), ("FUNCTION", 0)];

    const DOCUMENTS: &'static [Document] = &[Document {
        kind: "calls",
        about: "A function was called, up to that time.",
        fields: &[
            Field::text("function", "Its name."),
            Field::number("count", "How often, since the last look."),
        ],
    }];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.number(self.count);
        line.text(self.function.as_bytes());
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        fields.kind("calls", self.time_ns);
        fields.text("function", self.function.as_bytes());
        fields.number("count", self.count);
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::output::{Format, sample};

    use super::*;

    #[test]
    fn count_is_a_row_and_a_document() {
        let calls = Calls {
            time_ns: 3_000_000_000,
            function: "vfs_read",
            count: 1234,
        };
        assert_eq!(sample(&calls, Format::Table), "00:00:03 1234       vfs_read\n");
        assert_eq!(
            sample(&calls, Format::Json),
            "{\"version\":1,\"type\":\"calls\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"function\":\"vfs_read\",\"count\":1234}\n"
        );
    }
}
