//! Collects the results that the machines report.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

/// All that is known of one machine.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Results {
    /// The machine's name in tables.
    pub(crate) machine: String,
    /// The kernel's release; empty if it did not boot.
    pub(crate) release: String,
    pub(crate) seconds: f64,
    pub(crate) tests: Vec<Test>,
    #[serde(skip)]
    program: String,
    #[serde(skip)]
    running: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Test {
    /// The package that the test is of.
    pub(crate) package: String,
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    /// Why it failed or was skipped.
    pub(crate) message: Option<String>,
    pub(crate) seconds: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// A failure that is not one of a single test.
const PROGRAM: &str = "(the test program)";
const MACHINE: &str = "(the machine)";

impl Results {
    pub(crate) fn of(machine: String) -> Self {
        Self {
            machine,
            ..Self::default()
        }
    }

    /// Reads a line from the machine and returns true for the last one. Lines that are no event are
    /// ignored.
    pub(crate) fn read(&mut self, line: &[u8]) -> bool {
        let event: Value = serde_json::from_slice(line).unwrap_or_default();
        let word = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        match event["event"].as_str().unwrap_or_default() {
            "booted" => self.release = word("release"),
            "program" => self.program = word("program"),
            "started" => self.running = Some(word("test")),
            "passed" => self.ended(&event, Outcome::Passed),
            "skipped" => self.ended(&event, Outcome::Skipped),
            "failed" => self.ended(&event, Outcome::Failed),
            "ended" => self.program_ended(event["code"].as_i64().unwrap_or(-1)),
            "done" => return true,
            _ => {}
        }
        false
    }

    /// The current test, for the progress display.
    pub(crate) fn running(&self) -> &str {
        self.running.as_deref().unwrap_or_default()
    }

    /// True if a test has begun.
    pub(crate) fn began(&self) -> bool {
        self.running.is_some() || !self.tests.is_empty()
    }

    /// Fails the current test, because the machine is gone.
    pub(crate) fn broke(&mut self, why: &str) {
        match self.running.take() {
            Some(test) => self.fail(&test, why),
            None => self.fail(MACHINE, why),
        }
    }

    pub(crate) fn took(&mut self, time: Duration) {
        self.seconds = time.as_secs_f64();
    }

    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        let these = self.tests.iter().filter(|test| test.outcome == outcome);
        these.count()
    }

    fn ended(&mut self, event: &Value, outcome: Outcome) {
        let Some(name) = self.running.take() else {
            return;
        };
        self.tests.push(Test {
            package: self.program.clone(),
            name,
            outcome,
            message: event["message"].as_str().map(str::to_owned),
            seconds: event["seconds"].as_f64().unwrap_or_default(),
        });
    }

    /// Reports a program that fails without a failed test.
    fn program_ended(&mut self, code: i64) {
        let why = format!("the test program ended with code {code}");
        if let Some(test) = self.running.take() {
            self.fail(&test, &why);
        }
        let own = |test: &&Test| test.package == self.program;
        let failed = |test: &Test| test.outcome == Outcome::Failed;
        let silent = !self.tests.iter().any(|test| own(&test));
        if silent || (code != 0 && !self.tests.iter().filter(own).any(failed)) {
            self.fail(PROGRAM, &why);
        }
    }

    fn fail(&mut self, name: &str, why: &str) {
        self.tests.push(Test {
            package: self.program.clone(),
            name: name.to_owned(),
            outcome: Outcome::Failed,
            message: Some(why.to_owned()),
            seconds: 0.0,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Results {
        let mut results = Results::of("6.1.192".to_owned());
        for line in lines {
            assert!(!results.read(line.as_bytes()));
        }
        results
    }

    fn outcomes(results: &Results) -> Vec<(&str, Outcome, Option<&str>)> {
        let tests = results.tests.iter();
        tests
            .map(|test| (test.name.as_str(), test.outcome, test.message.as_deref()))
            .collect()
    }

    const START: [&str; 2] = [
        r#"{"event":"booted","release":"6.1.0-56-cloud-amd64"}"#,
        r#"{"event":"program","program":"bpfapps-minimal"}"#,
    ];

    #[test]
    fn each_test_has_its_outcome_and_its_reason() {
        let mut results = read(&START);
        for line in [
            r#"{"event":"started","test":"a"}"#,
            r#"{"event":"passed","test":"a","message":null,"seconds":0.5}"#,
            r#"{"event":"started","test":"b"}"#,
            "noise on the line",
            r#"{"event":"skipped","test":"b","message":"needs tcx: Linux 6.6","seconds":0.1}"#,
            r#"{"event":"ended","code":0}"#,
        ] {
            assert!(!results.read(line.as_bytes()));
        }
        assert!(results.read(br#"{"event":"done","code":0}"#));
        assert_eq!(
            outcomes(&results),
            [
                ("a", Outcome::Passed, None),
                ("b", Outcome::Skipped, Some("needs tcx: Linux 6.6")),
            ]
        );
        assert_eq!(results.release, "6.1.0-56-cloud-amd64");
        assert_eq!(results.tests[0].package, "bpfapps-minimal");
    }

    #[test]
    fn what_ran_when_the_machine_broke_has_failed() {
        let mut results = read(&START);
        results.broke("the kernel panicked");
        results.read(br#"{"event":"started","test":"a"}"#);
        results.broke("it said nothing for 60 s");
        assert_eq!(
            outcomes(&results),
            [
                (MACHINE, Outcome::Failed, Some("the kernel panicked")),
                ("a", Outcome::Failed, Some("it said nothing for 60 s")),
            ]
        );
    }

    #[test]
    fn a_program_does_not_fail_in_silence() {
        let started = [&START[..], &[r#"{"event":"started","test":"a"}"#]].concat();
        let killed = r#"{"event":"ended","code":137}"#;
        let empty = r#"{"event":"ended","code":0}"#;
        let cases = [
            (&started[..], killed, "a"),
            (&START, killed, PROGRAM),
            // a program without tests tests nothing
            (&START, empty, PROGRAM),
        ];
        for (lines, end, name) in cases {
            let results = read(&[lines, &[end]].concat());
            let [(failed, Outcome::Failed, _)] = outcomes(&results)[..] else {
                panic!("{results:?}")
            };
            assert_eq!(failed, name);
        }
    }
}
