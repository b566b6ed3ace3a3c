//! Logs contain untrusted names, and the wordings of other kernels.

use bpfapps_explain::verifier::{NoLines, explain};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_log_is_explained_or_left_as_it_is(
        log in r#"(R[0-9]{1,3}|fp-?[0-9]{1,20}|invalid mem access|'map_value_or_null'|[0-9]{1,20}: \(..\) |; [a-z]{1,9} @ a.c:[0-9]{1,20}|func#[0-9]|from [0-9]{1,20} to |processed |unreleased|[=_()' ,+-]|[0-9]{1,20}|\n|.){0,80}"#,
        program in ".{0,16}",
    ) {
        let message = format!(
            "libbpf: prog '{program}': -- BEGIN PROG LOAD LOG --\n{log}\n-- END PROG LOAD LOG --\n"
        );
        if let Some(diagnosis) = explain(&[message, log], &NoLines) {
            let drawn = diagnosis.draw(&NoLines, false);
            prop_assert!(!drawn.chars().any(|c| c.is_control() && c != '\n'), "{drawn:?}");
        }
    }
}
