//! `bpfapps bootstrap` on the running kernel: what its user sees.

mod config;
mod documents;
mod ends;
mod filters;
mod fixtures;
mod limits;
mod losses;
mod refusals;
mod rights;
mod row;
mod rows;
mod terminal;

use std::process::ExitCode;

use bpfapps_testkit::{fixture, test};

use crate::config::*;
use crate::documents::*;
use crate::ends::*;
use crate::filters::*;
use crate::fixtures::*;
use crate::limits::*;
use crate::losses::*;
use crate::refusals::*;
use crate::rights::*;
use crate::rows::*;
use crate::terminal::*;

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[
            test!(child_has_both_rows),
            test!(signal_stands_where_the_code_would),
            test!(process_lives_as_long_as_its_last_thread),
            test!(threads_that_exit_together_are_one_exit),
            test!(exec_in_a_thread_is_no_exit),
            test!(fork_without_exec_has_a_duration_of_its_own),
            test!(duration_leaves_out_execs_and_short_lives),
            test!(failed_only_leaves_out_success),
            test!(exit_codes_add_up),
            test!(names_add_up),
            test!(only_that_process_is_reported),
            test!(user_is_found_by_name_and_number),
            test!(wrong_filters_are_refused),
            test!(name_can_not_forge_a_row),
            test!(long_filename_is_marked_as_cut),
            test!(verbose_shows_the_log_of_libbpf),
            test!(head_ends_it_without_a_word),
            test!(full_disk_ends_it_with_the_reason),
            test!(signals_end_it_with_zero),
            test!(hangup_is_ignored_under_nohup),
            test!(stop_and_continue_do_not_end_it),
            test!(paused_reader_does_not_keep_it_from_ending),
            test!(kill_leaves_nothing_in_the_kernel),
            test!(full_ring_is_counted),
            test!(strict_makes_a_loss_a_failure),
            test!(json_is_what_the_schema_says),
            test!(hostile_names_come_back_from_json),
            test!(loss_is_a_document),
            test!(yaml_says_the_same_as_json),
            test!(rows_fit_the_terminal),
            test!(colours_are_for_terminals_that_want_them),
            test!(only_our_own_escapes_reach_a_terminal),
            test!(ends_after_so_many_events),
            test!(ends_after_so_much_time),
            test!(option_goes_before_environment_before_file),
            test!(file_of_the_system_is_read),
            test!(works_without_tracefs),
            test!(without_btf_it_says_so),
            test!(btf_of_a_file_will_do),
            test!(what_is_no_btf_is_refused),
            test!(lockdown_is_named),
            test!(missing_ring_buffer_is_named),
            test!(old_kernel_is_named),
            test!(each_missing_capability_is_named),
            test!(file_capabilities_are_enough),
            test!(privileges_are_given_up),
        ],
        &[
            fixture!(leader_leaves_first),
            fixture!(threads_exit_together),
            fixture!(exec_in_a_thread),
            fixture!(fork_without_exec),
            fixture!(fork_many),
            fixture!(run_as_nobody),
        ],
    )
}
