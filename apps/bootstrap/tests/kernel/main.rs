//! `bpfapps bootstrap` on the running kernel: what its user sees.

mod commands;
mod config;
mod documents;
mod ends;
mod execs;
mod filters;
mod fixtures;
mod limits;
mod losses;
mod refusals;
mod rights;
mod row;
mod rows;
mod signals;
mod terminal;
mod trees;

use std::process::ExitCode;

use bpfapps_testkit::{fixture, test};

use crate::commands::*;
use crate::config::*;
use crate::documents::*;
use crate::ends::*;
use crate::execs::*;
use crate::filters::*;
use crate::fixtures::*;
use crate::limits::*;
use crate::losses::*;
use crate::refusals::*;
use crate::rights::*;
use crate::rows::*;
use crate::signals::*;
use crate::terminal::*;
use crate::trees::*;

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
            test!(wrong_values_are_refused),
            test!(name_can_not_forge_a_row_or_touch_the_terminal),
            test!(process_that_is_older_has_an_exit_of_its_own),
            test!(dumped_core_is_told),
            test!(longest_filename_is_whole),
            test!(verbose_shows_the_log_of_libbpf),
            test!(head_ends_it_without_a_word),
            test!(full_disk_ends_it_with_the_reason),
            test!(signals_end_it_with_zero),
            test!(signals_end_it_under_load),
            test!(second_signal_ends_it_at_once),
            test!(new_size_of_the_window_changes_nothing),
            test!(debugger_comes_and_goes),
            test!(hangup_is_ignored_under_nohup),
            test!(stop_and_continue_do_not_end_it),
            test!(paused_reader_does_not_keep_it_from_ending),
            test!(kill_leaves_nothing_in_the_kernel),
            test!(produced_is_reported_and_lost),
            test!(reader_that_pauses_costs_counted_losses_and_no_memory),
            test!(what_a_blocked_reader_never_gets_is_counted),
            test!(no_event_waits_for_the_next),
            test!(strict_makes_a_loss_a_failure),
            test!(two_threads_that_exit_at_once_are_one_exit_each_time),
            test!(all_that_die_at_once_have_a_row_and_a_duration),
            test!(two_instances_see_the_same),
            test!(arguments_are_those_of_the_new_program),
            test!(many_arguments_are_cut_and_say_so),
            test!(no_arguments_at_all_are_none),
            test!(script_is_shown_with_its_interpreter),
            test!(programs_without_a_path_are_seen),
            test!(failed_execs_have_the_name_of_the_error),
            test!(without_failed_they_are_no_events),
            test!(resources_are_those_of_the_whole_process),
            test!(command_is_traced_with_its_children_and_nobody_else),
            test!(exit_code_is_that_of_the_command),
            test!(signal_is_handed_on_to_the_command),
            test!(command_runs_as_who_called_sudo),
            test!(children_are_those_that_are_there_and_those_to_come),
            test!(cgroup_is_that_and_all_below_it),
            test!(namespaces_are_those_of_the_process),
            test!(works_inside_a_pid_namespace),
            test!(json_is_what_the_schema_says),
            test!(hostile_names_come_back_from_json),
            test!(loss_is_a_document),
            test!(yaml_says_the_same_as_json),
            test!(rows_fit_the_terminal),
            test!(colours_are_for_terminals_that_want_them),
            test!(failed_exec_is_red),
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
            fixture!(fork_now_and_then),
            fixture!(fork_pairs),
            fixture!(kill_many),
            fixture!(exec_memfd),
            fixture!(exec_at),
            fixture!(exec_without_args),
            fixture!(exec_in_vain),
            fixture!(use_up),
            fixture!(fork_on_a_line),
            fixture!(in_pid_namespace),
            fixture!(run_as_nobody),
        ],
    )
}
