use std::fmt::Debug;

/// What gets each event besides the output.
pub(crate) trait Observer: Debug {
    /// True if it reads the documents of events, also where the output is a table.
    fn reads_documents(&self) -> bool;

    /// There was an event of this type; `document` is its JSON, if anyone reads documents.
    fn observe(&mut self, kind: &str, document: &[u8]);

    /// A list of what there is has ended.
    fn end_list(&mut self) {}
}
