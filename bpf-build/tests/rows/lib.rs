//! The crate of an app with such a header: its test shows a record.
#![allow(missing_docs)]

bpfapps_core::skeleton!("probe");

#[cfg(test)]
mod tests {
    use bpfapps_core::Event as _;
    use bpfapps_core::output::{Format, Row as _, sample};

    use super::{event, plain, types};

    const JSON: &str = concat!(
        r#"{"version":1,"type":"call","time":"1970-01-01T00:00:03.000000000Z","comm":"sh","#,
        r#""pid":42,"tid":43,"uid":1000,"cpu":1,"cgroup":77,"#,
        r#""kernel_stack":["0x2a","0x1f"],"first":true,"failure":"ENOENT","#,
        r#""result":-13,"error":"EACCES","syscall":"write","mode":"-rw-r--r--","remote_port":443,"#,
        r#""size":20480,"flags":"0x1f","share":12.34,"interface":"4294967295","#,
        r#""remote":"2001:db8::1","protocol":"tcp","tcp":["SYN","ACK"],"in":9,"#,
        r#""duration_ns":1500000,"wait_ns":2000,"outcome":"refused","access":["read","write"],"#,
        r#""gateway":"192.0.2.1","delta":-4,"key":"010203ff","args":[7,-1],"path":"/ä x","#,
        r#""argv":["ls","a b c"],"number":8}"#,
    );

    fn text<const N: usize>(text: &str) -> [i8; N] {
        let mut bytes = [0; N];
        for (to, from) in bytes.iter_mut().zip(text.bytes()) {
            *to = from.cast_signed();
        }
        bytes
    }

    fn words(row: &str) -> String {
        row.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn records_are_shown_as_their_header_says() {
        let mut event = event {
            time_ns: 3_000_000_000,
            comm: text("sh"),
            pid: 42,
            tid: 43,
            uid: 1000,
            cpu: 1,
            cgroup: 77,
            first: 1,
            failure: 2,
            result: -13,
            status: 7 << 8,
            syscall: if cfg!(target_arch = "x86_64") { 1 } else { 64 },
            mode: 0o100_644,
            remote_port: 443,
            size: 20480,
            flags: 31,
            share: 1234,
            interface: u32::MAX,
            kernel_stack: [42, 31, 0, 0],
            remote: [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            protocol: 6,
            tcp: 0x12,
            r#in: 9,
            count: 2,
            duration: 1_500_000,
            wait_ns: 2_000,
            outcome: types::outcome::OUTCOME_REFUSED,
            access: types::access(3),
            key: [1, 2, 3, 0xff],
            args: [7, -1, 0],
            path: 5,
            argv_len: 9,
            number: 8,
            ..event::default()
        };
        event.inner.gateway = u32::from_ne_bytes([192, 0, 2, 1]);
        event.inner.delta = -4;
        let tail = b"/\xc3\xa4 xls\0a b c\0";
        let row = event.row(tail).expect("a whole record");
        let shown = "00:00:03 sh 42 1000 1 77 0x2a < 0x1f - yes ENOENT EACCES - - write -rw-r--r-- 20.0K 0x1f \
                     12.34% 4294967295 [2001:db8::1]:443 tcp SYN ACK 9 1.500 0.002 call refused \
                     read write 192.0.2.1 -4 - 010203ff 7 -1 /ä x ls \"a b c\" 8";
        assert_eq!(words(&sample(&row, Format::Table)), shown);
        assert_eq!(sample(&row, Format::Json).trim_end(), JSON);
        assert!(event.row(&tail[..7]).is_err(), "the tail is cut");

        event.what = types::what::WHAT_END;
        let json = sample(&event.row(tail).expect("a whole record"), Format::Json);
        assert!(json.contains(r#""type":"end","#), "{json}");
        assert!(json.contains(r#""exit_code":7,"#), "{json}");
    }

    #[test]
    fn columns_have_names_and_widths() {
        type Row<'a> = <event as bpfapps_core::Event>::Row<'a>;
        let column = |title| Row::COLUMNS.iter().find(|(of, _)| *of == title).map(|(_, width)| *width);
        assert_eq!(Row::COLUMNS[0], ("TIME", 8));
        assert_eq!([column("MS"), column("WAIT_MS"), column("RETURNED")], [Some(10), Some(10), Some(9)]);
        assert_eq!([column("TID"), column("REMOTE_PORT"), column("DURATION")], [None; 3]);
        assert_eq!(column("NUMBER"), Some(0), "the last one ends where its text does");
        let [call, end] = Row::DOCUMENTS else { panic!("two kinds") };
        assert_eq!((call.kind, call.about, end.kind), ("call", "A call.", "end"));
        let field = |name| end.fields.iter().find(|field| field.name == name).expect("a field");
        assert!(field("failure").optional && !field("pid").optional);
        assert_eq!(field("remote").about, r#"The "other" side."#);
        assert!(call.fields.iter().all(|field| field.name != "exit_code"));
    }

    #[test]
    fn c_types_alone_are_shown() {
        let plain = plain { text: text("a\nb"), pid: 7, ..plain::default() };
        assert_eq!(words(&sample(&plain, Format::Table)), "0 a\\nb done 7");
        let json = sample(&plain, Format::Json);
        assert!(json.starts_with(r#"{"version":1,"type":"first","time":""#), "{json}");
        assert!(json.ends_with("\"when\":0,\"text\":\"a\\nb\",\"outcome\":\"done\",\"pid\":7}\n"), "{json}");
    }
}
