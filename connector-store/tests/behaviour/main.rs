//! What every backend must do, told once and asked of each.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that fails panics")]

mod access_keys;
mod accounts;
mod audit;
mod authorizations;
mod budget;
mod children;
mod connections;
mod contents;
mod deletes;
mod documents;
mod failures;
mod hints;
mod keys;
mod leases;
mod live;
mod records;
mod refusals;
mod rejects;
mod rekey;
mod roles;
mod round_trip;
mod schedules;
mod sqlite_files;
mod status;
mod together;
mod tokens;
mod upgrade;
mod vault;
mod views;
mod world;

/// Makes one test for each backend.
macro_rules! on_every_backend {
    ($($module:ident :: { $($name:ident),+ $(,)? }),+ $(,)?) => {
        mod postgres {
            $($(
                #[tokio::test]
                async fn $name() {
                    super::$module::$name(super::world::World::postgres()).await;
                }
            )+)+
        }

        mod sqlite {
            $($(
                #[tokio::test]
                async fn $name() {
                    super::$module::$name(super::world::World::sqlite()).await;
                }
            )+)+
        }
    };
}

on_every_backend! {
    access_keys::{
        a_key_is_made_once_and_found_by_its_id,
        a_key_that_was_taken_back_stays_so,
        the_text_of_a_key_is_not_in_the_database,
    },
    records::{
        a_first_load_inserts_everything,
        a_reload_touches_nothing,
        what_changed_is_updated_and_keeps_its_first_sight,
        a_deleted_row_that_comes_back_is_live_again,
        a_key_in_two_batches_is_one_row,
        a_key_of_two_columns_tells_rows_apart,
        a_new_field_adds_a_column,
        a_field_that_changes_its_case_does_no_harm,
        a_wide_table_is_written_and_updated,
        a_value_that_does_not_fit_an_existing_column_stays_in_the_document,
        a_table_that_is_not_ours_is_refused,
        a_dropped_or_emptied_table_is_read_anew,
        a_dry_run_counts_and_writes_nothing,
        a_dry_run_on_nothing_leaves_nothing,
    },
    documents::{
        a_new_table_is_that_of_the_older_tool,
        a_table_of_the_older_tool_is_written_on,
        only_content_that_changed_is_rewritten,
        a_document_that_the_database_refuses_stands_alone,
        the_layouts_have_states_of_their_own,
        a_table_of_another_shape_is_refused_and_untouched,
        a_stream_that_does_not_fit_is_refused_by_name,
        a_dry_run_of_documents_writes_nothing,
        documents_are_counted_by_status,
        documents_are_read_back_in_pages,
        a_deleted_record_takes_its_row_along,
        keys_and_standings_of_documents_are_told,
        contents_of_documents_are_compared,
        a_table_in_a_schema_of_its_own_is_shared_from_any,
        parents_are_found_in_documents,
    },
    deletes::{
        a_deleted_row_is_marked_and_counted_once,
        a_deleted_row_that_is_read_again_is_live_again,
        a_row_of_the_same_batch_stays_live,
        a_key_of_two_columns_is_deleted,
        a_key_that_no_row_can_have_harms_no_other,
        a_dry_run_counts_deletes_and_does_none,
    },
    contents::{
        rows_are_compared_by_their_values,
        what_was_changed_by_hand_differs_until_it_is_rewritten,
        what_the_database_cannot_hold_makes_no_difference,
        columns_of_other_types_are_compared_as_they_hold_values,
        a_column_that_is_gone_lacks_the_values_of_its_rows,
        contents_of_wide_rows_and_of_keys_in_parts_are_compared,
        what_is_not_there_is_missing,
    },
    connections::{
        a_connection_is_told_of_another_that_writes_to_its_table,
        tables_of_other_schemas_are_not_shared,
    },
    keys::{
        rows_are_compared_in_their_order,
        keys_come_in_pages_as_rows_have_them,
        keys_of_any_type_come_as_rows_have_them,
        keys_within_a_scope_are_those_alone,
        pages_go_on_while_rows_are_written,
        a_scope_gets_an_index_once,
        a_table_that_is_not_there_has_no_keys,
    },
    children::{
        items_land_in_a_table_of_their_own,
        items_follow_their_row,
        a_row_that_did_not_change_leaves_its_items_alone,
        odd_items_are_kept_as_they_are,
        an_item_that_is_refused_costs_nothing_else,
        many_items_of_a_key_of_two_columns_land,
        a_table_of_items_takes_the_types_of_its_parents_key,
        a_table_of_items_gets_new_columns,
        a_table_that_is_not_ours_takes_no_items,
        an_emptied_table_gets_its_items_anew,
    },
    together::{
        a_batch_whose_end_is_refused_leaves_nothing,
        a_batch_after_the_lease_was_lost_leaves_nothing,
        a_reject_that_was_dealt_with_is_gone_unless_it_fails_again,
    },
    refusals::{
        a_bad_row_goes_to_the_rejects_alone,
        rejects_of_the_engine_are_kept_once,
    },
    accounts::{
        rows_of_another_account_are_refused,
        rows_of_an_account_that_was_not_known_are_adopted,
        an_emptied_table_takes_another_account,
        of_two_first_runs_at_the_same_instant_one_account_gets_the_table,
        parents_of_another_account_are_not_read,
    },
    authorizations::{
        an_authorization_is_taken_once_as_it_was_put,
        of_many_who_take_one_authorization_one_gets_it,
        an_expired_authorization_is_worth_nothing_and_goes_with_the_next,
        nothing_secret_of_an_authorization_is_in_the_database,
        an_authorization_opens_with_its_state_and_its_key_alone,
    },
    audit::{
        entries_come_back_in_their_order,
        entries_since_an_instant_are_found,
        every_change_is_found_and_named,
        an_end_that_does_not_fit_is_found,
        callers_of_one_process_share_their_commits,
        many_processes_write_one_chain,
        a_killed_process_leaves_a_whole_chain_with_all_that_it_was_told,
        a_log_that_cannot_be_written_refuses,
        a_log_that_somebody_holds_is_waited_for,
    },
    budget::{
        four_processes_together_send_no_more_than_the_limit,
        a_minute_later_the_slots_are_free_and_the_interactive_go_first,
        a_refusal_closes_the_budget_for_everybody,
        a_caller_that_gives_up_leaves_the_budget_to_others,
    },
    hints::{
        a_hint_waits_once_and_is_gone_when_it_is_done,
        what_was_taken_by_a_process_that_died_is_handed_out_again,
        a_hint_that_comes_while_it_is_followed_is_followed_again,
        a_hundred_thousand_hints_are_enough,
        names_that_can_be_none_are_refused,
        two_that_take_get_different_hints,
    },
    live::{
        documents_come_once_each_in_the_order_of_their_keys,
        keys_of_several_parts_and_any_text_are_pages_too,
        parents_come_in_the_order_of_writing,
        instants_that_differ_by_a_microsecond_are_told_apart,
        parents_are_chosen_by_a_column,
    },
    rejects::{
        rejects_are_listed_and_counted,
        a_run_reads_its_rejects_in_pages_and_sees_what_was_written_since,
        a_reject_whose_key_no_row_can_have_stays,
    },
    leases::{
        a_second_run_is_told_who_is_at_work,
        other_connections_are_free,
        a_killed_holder_is_replaced_at_once,
        a_run_of_another_schema_waits_its_turn,
        a_run_that_was_killed_is_not_shown_as_running,
        a_run_that_lost_its_lease_writes_nothing,
        a_run_that_was_killed_is_marked_as_interrupted,
    },
    schedules::{
        schedules_are_kept_replaced_and_removed,
        each_time_of_a_schedule_is_taken_once,
        a_time_of_somebody_who_died_with_it_is_taken_by_the_next,
        what_became_of_the_last_time_outlives_changes,
    },
    status::{
        runs_and_streams_are_listed,
        runs_are_chosen_by_connection_and_id,
        streams_are_listed_page_by_page,
        a_store_that_is_not_there_lists_nothing,
        eight_may_start_at_once,
        large_tables_are_estimated_where_that_will_do,
        a_run_can_be_cancelled_by_any_process,
        a_store_of_a_newer_program_is_refused,
    },
    upgrade::{
        a_store_of_the_version_before_is_brought_up_to_date,
    },
    views::{
        a_custom_field_is_a_column_of_its_type,
        no_content_makes_a_view_fail,
        a_view_is_made_anew_only_when_it_changes,
        what_has_the_name_and_is_not_ours_stays,
        what_is_built_on_a_view_is_not_lost,
        a_view_needs_its_table_and_room_for_its_columns,
    },
    rekey::{
        everything_goes_over_to_the_current_key,
        a_store_without_rows_has_nothing_to_rekey,
        an_older_key_opens_and_what_is_written_takes_the_current,
        what_does_not_open_is_reported_and_left,
        with_the_wrong_key_nothing_is_changed,
        stopped_at_any_point_the_next_run_does_the_rest,
        tokens_are_renewed_while_it_runs,
        what_version_1_sealed_opens_and_is_sealed_anew,
        a_secret_of_our_own_outlives_the_key,
        an_authorization_under_way_goes_over_too,
        all_who_ask_first_get_the_same_secret,
        the_keys_in_use_are_told_with_what_they_sealed,
        a_file_beside_the_database_is_changed_for_another,
    },
    tokens::{
        a_commit_over_another_generation_is_a_conflict,
        a_state_of_a_later_version_is_not_taken_for_active,
    },
    vault::{
        a_connection_comes_back_as_it_was_saved,
        a_lock_keeps_the_others_waiting,
        a_lock_that_is_dropped_changes_nothing,
        nothing_secret_is_in_the_database,
        another_key_is_told_apart,
        what_was_copied_or_changed_does_not_open,
        a_connection_is_listed_without_a_key,
    },
}

/// Makes one test for each vault, the one in memory among them.
macro_rules! on_every_vault {
    ($($name:ident),+ $(,)?) => {
        mod vaults {
            mod postgres {
                $(
                    #[tokio::test]
                    async fn $name() {
                        let world = crate::world::World::postgres();
                        crate::tokens::$name(crate::tokens::Vault::stored(world)).await;
                    }
                )+
            }

            mod sqlite {
                $(
                    #[tokio::test]
                    async fn $name() {
                        let world = crate::world::World::sqlite();
                        crate::tokens::$name(crate::tokens::Vault::stored(world)).await;
                    }
                )+
            }

            mod memory {
                $(
                    #[tokio::test]
                    async fn $name() {
                        crate::tokens::$name(crate::tokens::Vault::in_memory()).await;
                    }
                )+
            }
        }
    };
}

on_every_vault! {
    a_connection_that_is_taken_out_is_gone,
    a_holder_takes_out_what_it_has_read_and_nothing_else,
    whose_tokens_are_is_kept,
    an_attempt_that_was_left_open_is_told,
    a_holder_that_goes_away_lets_go_at_once,
    an_attempt_waits_for_the_next_holder_until_something_is_committed,
    each_of_many_holders_sees_what_the_one_before_wrote,
    how_renewing_went_is_kept_and_listed,
    many_connections_are_renewed_at_once_and_readers_are_not_kept_waiting,
}
