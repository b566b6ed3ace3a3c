//! A record as a whole: its fields, and what each means for the others.

use anyhow::{Result, bail};

use super::field::Field;
use super::vocabulary::{ADDRESS, PID, PORT, USER_STACK};

/// A text that follows the record.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    pub(crate) name: String,
    /// The member that has its length.
    pub(crate) length: String,
}

/// The members of a record, as they are shown.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// The member that says when it happened.
    pub(crate) time: Option<String>,
    pub(crate) fields: Vec<Field>,
    pub(crate) tails: Vec<Tail>,
    /// The member that says which kind it is, the type of it, and the kinds.
    pub(crate) kind: Option<Kind>,
    /// It is a record of `BPFAPPS_COUNTED`.
    pub(crate) is_counted: bool,
    /// The totals among the counts of a key.
    pub(crate) counts: Vec<String>,
}

/// Which kind of document a record is.
#[derive(Debug)]
pub(crate) struct Kind {
    /// In Rust.
    pub(crate) member: String,
    pub(crate) ty: String,
    /// Enumerator, type of the document, description.
    pub(crate) documents: Vec<(String, String, String)>,
}

impl Shape {
    /// Joins members that are shown together, drops `counts`, which only count elements of another
    /// member, and checks the whole.
    pub(crate) fn finish(&mut self, record: &str, counts: &[String]) -> Result<()> {
        self.fields.retain(|field| !counts.contains(&field.member));
        self.join_ports();
        self.join_stacks(record)?;
        self.check_names(record)?;
        let columns = self.fields.iter_mut().rev();
        if let Some((_, width, _)) = columns.filter_map(|field| field.column.as_mut()).next() {
            *width = 0;
        }
        Ok(())
    }

    /// Shows each port after its address.
    fn join_ports(&mut self) {
        let ports: Vec<_> = self
            .fields
            .iter()
            .filter(|field| field.meaning == PORT)
            .map(|field| (field.name.clone(), field.value.clone()))
            .collect();
        let addresses = self.fields.iter().filter(|field| field.meaning == ADDRESS);
        let is_only = addresses.count() == 1;
        for (port, value) in ports {
            let address = port.strip_suffix("_port").unwrap_or_default().to_owned();
            let is_its = |field: &&mut Field| {
                let named = field.name == address || (is_only && port == "port");
                field.meaning == ADDRESS && named
            };
            let Some(field) = self.fields.iter_mut().find(is_its) else {
                continue;
            };
            if let Some((_, _, shown)) = &mut field.column {
                *shown = shown
                    .replace("Address(", "Endpoint(")
                    .replace(')', &format!(", {value})"));
            }
            for field in self.fields.iter_mut().filter(|field| field.name == port) {
                field.column = None;
            }
        }
    }

    /// Gives each user stack the process that it belongs to.
    fn join_stacks(&mut self, record: &str) -> Result<()> {
        let mut pids = self.fields.iter().filter(|field| field.meaning == PID);
        let pid = pids.next().map(|field| field.value.clone());
        for field in &mut self.fields {
            if field.meaning != USER_STACK {
                continue;
            }
            let Some(pid) = &pid else {
                bail!(
                    "{record}.{}: its process is missing: add a member of type {PID}",
                    field.member
                );
            };
            field.value = field.value.replace("PID", pid);
            if let Some((_, _, shown)) = &mut field.column {
                shown.clone_from(&field.value);
            }
        }
        Ok(())
    }

    /// Refuses two fields of one name, and kinds that do not exist.
    fn check_names(&self, record: &str) -> Result<()> {
        let mut names = vec!["type", "time", "version", "run"];
        for field in self.fields.iter().filter(|field| !field.name.is_empty()) {
            for name in field.names() {
                if names.contains(&name) {
                    bail!(
                        "{record}.{} would be a second field `{name}`: rename it",
                        field.member
                    );
                }
                names.push(name);
            }
            let kinds = self.kind.iter().flat_map(|kind| &kind.documents);
            let kinds: Vec<_> = kinds.map(|(enumerator, ..)| enumerator).collect();
            if let Some(only) = field.only.iter().find(|only| !kinds.contains(only)) {
                bail!(
                    "{record}.{}: BPFAPPS_ONLY({only}) names no kind: write BPFAPPS_KIND({only}, \
                     \"…\") behind the member of enum type that has it",
                    field.member
                );
            }
        }
        Ok(())
    }
}
