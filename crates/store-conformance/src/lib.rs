#![doc = include_str!("../README.md")]

mod concurrency;
mod counters;
mod figures;
mod histories;
mod operators;
mod paging;
mod rows;
mod schema;
mod scopes;
mod support;
mod transactions;

pub use support::command;
use tessera_kernel::Store;

/// One thing that an engine must do.
#[derive(Clone, Copy)]
pub struct Case {
    /// What it is called in reports.
    pub name: &'static str,
    /// Tries it; panics where the engine does something else.
    pub run: fn(&dyn Store),
}

macro_rules! cases {
    ($($module:ident: $($case:ident),+;)+) => {
        vec![$($(Case {
            name: concat!(stringify!($module), "::", stringify!($case)),
            run: $module::$case,
        }),+),+]
    };
}

/// Every case.
pub fn suite() -> Vec<Case> {
    cases! {
        rows: every_type_comes_back, rows_added_at_once, replace, put, rows_asked_ahead, set_under_a_guard, delete_by_prefix,
            rows_in_key_order, a_table_of_nothing_but_a_key, required_columns_are_named,
            duplicates_are_named, empty_values_do_not_collide, misshapen_rows_are_refused;
        operators: comparisons, empty_values, one_of_several, prefixes, conditions_are_joined;
        paging: one_direction, both_directions, sort_columns_with_empty_values, limits;
        scopes: a_scope_says_the_same_of_rows_in_memory, branches_are_merged_in_order;
        figures: over_all_rows, by_group, over_no_rows, sums_that_overflow;
        counters: rows_come_into_being, guards, guards_beyond_64_bits, overflow_is_refused,
            sparse_rows_go, several_counters_at_once, counters_beside_other_work,
            counting_tells_the_outcome, counting_has_no_gap;
        transactions: an_undone_job_leaves_no_trace, a_panic_leaves_no_trace,
            an_error_undoes_only_its_job, a_refused_statement_undoes_its_job,
            jobs_see_what_was_done_before, reads_see_what_was_answered, reads_can_not_write,
            errors_of_reads_come_back;
        concurrency: a_bounded_counter, every_job_is_answered_once, snapshots_are_consistent,
            more_reads_than_connections;
        histories: no_sum_under_a_guard_is_lost, no_version_is_overwritten,
            no_write_is_skewed_under_a_hold;
        schema: migrating_twice, columns_are_added, earlier_rows_get_the_default,
            a_column_without_a_true_value_is_refused, a_copied_column_is_filled, a_copied_column_is_filled_from_the_first_of_many, indexes_are_added, former_indexes_are_dropped, other_types_are_refused,
            looser_and_tighter_columns, what_was_added_at_run_time_stays, a_sound_database;
    }
}
