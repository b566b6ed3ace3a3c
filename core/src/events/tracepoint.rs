//! The fields of a tracepoint's records, written by their names: as text, or into a document.

use std::io::Write as _;

use bpfapps_host::hooks::{Layout, Value};

use crate::output::{Fields, escape, push_decimal, push_hex, push_signed};

/// Appends all fields of a record as `name=value`.
pub fn write(layout: &Layout, record: &[u8], out: &mut Vec<u8>) {
    let mut separator: &[u8] = b"";
    for (name, value) in layout.values(record) {
        out.extend_from_slice(separator);
        separator = b" ";
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        match value {
            Value::Unsigned(number) => push_decimal(number, out),
            Value::Signed(number) => push_signed(number, out),
            Value::Pointer(address) => {
                let _ = write!(out, "{address:#x}");
            }
            Value::Words(words) => escape(words.as_bytes(), out),
            Value::Text(text) => escape(text, out),
            Value::Bytes(bytes) => push_hex(bytes, out),
        }
    }
}

/// Adds all fields of a record to a document, with `prefix` before their names.
pub fn document(layout: &Layout, record: &[u8], prefix: &str, fields: &mut Fields<'_>) {
    for (name, value) in layout.values(record) {
        let name = format!("{prefix}{name}");
        match value {
            Value::Unsigned(number) | Value::Pointer(number) => fields.number(&name, number),
            Value::Words(words) => fields.text(&name, words.as_bytes()),
            Value::Signed(number) => fields.signed(&name, number),
            Value::Text(text) => fields.text(&name, text),
            Value::Bytes(bytes) => {
                let mut text = Vec::new();
                push_hex(bytes, &mut text);
                fields.text(&name, &text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_shown_by_name() {
        let format = "field:int errno;\toffset:0;\tsize:4;\tsigned:1;\n\
                      field:char comm[4];\toffset:4;\tsize:4;\tsigned:0;\n\
                      field:u8 mac[2];\toffset:8;\tsize:2;\tsigned:0;\n\
                      field:int state;\toffset:16;\tsize:8;\tsigned:0;\n\
                      field:const char * file;\toffset:24;\tsize:8;\tsigned:0;\n\
                      print fmt: \"%s\", __print_flags(REC->state, \"|\", { 1, \"A\" }, { 2, \"B\" })\n";
        let layout: Layout = format.parse().expect("a layout");
        let record = [
            &(-2_i32).to_ne_bytes()[..],
            b"a\nb\0",
            &[0xbe, 0xef],
            &[0; 6],
            &3_u64.to_ne_bytes(),
            &31_u64.to_ne_bytes(),
        ]
        .concat();
        let mut out = Vec::new();
        write(&layout, &record, &mut out);
        assert_eq!(out, br"errno=-2 comm=a\nb mac=beef state=A|B file=0x1f");
    }
}
