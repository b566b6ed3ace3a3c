//! `bpfapps doctor` on the running kernel: healthy as it is, and ill in each way that it knows.

mod fixing;
mod fixtures;
mod machine;
mod objects;
mod report;

use std::process::ExitCode;

use bpfapps_testkit::{fixture, test};

use crate::fixing::*;
use crate::fixtures::*;
use crate::machine::*;
use crate::objects::*;

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[
            test!(healthy_machine_raises_no_alarm),
            test!(answer_comes_at_once_and_leaves_nothing),
            test!(documents_have_each_field),
            test!(without_capabilities_each_is_named),
            test!(user_is_told_to_set_capabilities),
            test!(without_btf_only_those_fail_that_need_it),
            test!(kernel_that_is_too_old_is_named),
            test!(filtered_bpf_call_is_explained),
            test!(kernel_without_bpf_is_explained),
            test!(locked_down_kernel_is_named),
            test!(interpreter_is_a_warning),
            test!(container_wsl_and_android_are_named),
            test!(namespaces_are_named),
            test!(own_object_is_fine_as_a_file),
            test!(tracepoint_that_is_not_there_has_near_names),
            test!(kernel_without_kprobes_is_named),
            test!(helper_that_is_not_there_is_named),
            test!(field_that_is_not_there_is_named),
            test!(refused_programs_are_a_failure),
            test!(tracefs_is_mounted_for_an_object),
            test!(setting_is_not_changed_without_a_question),
            test!(healthy_machine_needs_no_mending),
        ],
        &[fixture!(as_nobody), fixture!(in_user_namespace)],
    )
}
