//! Texts on a narrow terminal.

use anyhow::{Result, ensure};
use bpfapps_testkit::{Process, Terminal, Test, cli, test};

pub(crate) const TESTS: &[Test] = &[test!(lines_end_between_words_on_a_narrow_terminal)];

fn lines_end_between_words_on_a_narrow_terminal() -> Result<()> {
    for (columns, args) in [
        (80, &["--help"][..]),
        (80, &["procs", "--help"]),
        (80, &["verify", "--help"]),
        (80, &["explain"]),
        (80, &["explain", "BPF0001"]),
        (80, &["list"]),
        (40, &["list"]),
    ] {
        let mut command = cli(args.iter().copied());
        command.env("NO_COLOR", "1");
        let whole = Process::run(&mut command)?.expect_code(0)?;
        let terminal = Terminal::new(columns)?;
        let process = Process::start_on(&terminal, &mut command)?;
        let narrow = process.wait()?.expect_code(0)?;
        for line in &narrow.stdout {
            let cells = line.chars().count();
            ensure!(cells <= columns.into(), "{args:?}: {cells} columns: {line}");
        }
        let words = |lines: &[String]| -> Vec<String> {
            let lines = lines.iter().flat_map(|line| line.split_whitespace());
            lines.map(str::to_owned).collect()
        };
        ensure!(
            words(&narrow.stdout) == words(&whole.stdout),
            "{args:?}: {narrow:#?}"
        );
    }
    Ok(())
}
