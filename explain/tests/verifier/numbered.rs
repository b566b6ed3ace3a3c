use bpfapps_explain::verifier::{Diagnosis, LineInfo, Place, explain};

/// A source in which instruction 7 is on line 7, whose text is `line_7();`.
pub(crate) struct Numbered;

impl Numbered {
    fn line(number: usize) -> Option<Place> {
        Some(Place {
            file: "a.bpf.c".into(),
            line: number,
            column: 0,
            text: format!("\tline_{number}();"),
        })
    }
}

impl LineInfo for Numbered {
    fn place(&self, _: &str, index: usize) -> Option<Place> {
        Self::line(index)
    }

    fn place_of_use(&self, _: &str, index: usize) -> Option<Place> {
        Self::line(index + 1)
    }

    fn place_of_loop(&self, _: &str, begin: usize, _: usize) -> Option<Place> {
        Self::line(begin)
    }

    fn first_call(&self, _: &str) -> Option<Place> {
        Self::line(99)
    }

    fn first_opcode(&self, _: &str, _: u8) -> Option<Place> {
        None
    }

    fn first_use(&self, _: &str) -> Option<Place> {
        Self::line(98)
    }

    fn line(&self, _: &str, number: usize) -> Option<String> {
        Self::line(number).map(|place| place.text)
    }
}

/// libbpf's messages about a program `handle` with this verifier log.
pub(crate) fn messages(log: &str) -> Vec<String> {
    vec![
        "libbpf: prog 'handle': BPF program load failed: -EACCES\n".to_owned(),
        format!(
            "libbpf: prog 'handle': -- BEGIN PROG LOAD LOG --\n{log}\n-- END PROG LOAD LOG --\n"
        ),
    ]
}

pub(crate) fn diagnosis(log: &str) -> Diagnosis {
    explain(&messages(log), &Numbered).expect("a diagnosis")
}

/// The lines shown, each with its label.
pub(crate) fn story(log: &str) -> Vec<(usize, String)> {
    let drawn = diagnosis(log).draw(&Numbered, false);
    let mut story = Vec::new();
    let mut number = 0;
    for line in drawn.lines() {
        let Some((head, rest)) = line.split_once('|') else {
            continue;
        };
        number = head.trim().parse().unwrap_or(number);
        let mark = rest.trim_start().trim_start_matches(['^', '-']);
        if rest.trim_start() != mark {
            story.push((number, mark.trim().to_owned()));
        }
    }
    story
}
