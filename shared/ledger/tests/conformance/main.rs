//! One suite for every ledger. Each case is a promise; the names say which.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

extern crate oncepost_ledger as ledger;

mod accepting;
mod assignments;
mod attempts;
mod audit_log;
mod causes;
mod census;
mod changes;
mod claims;
mod corpus;
mod credentials;
mod deliveries;
mod durability;
mod events;
mod history;
mod house;
mod incidents;
mod jobs;
mod listed;
mod lists;
mod making;
mod notes;
mod outside;
mod pauses;
mod processes;
mod restores;
mod size;
mod upcoming;
mod versions;

/// Runs cases against ledgers: `for_each_ledger! { [postgres, sqlite] => module::case, … }`.
macro_rules! for_each_ledger {
    ($([$($kind:ident),*] => $module:ident :: { $($case:ident),* $(,)? })*) => {
        $(mod $module {
            for_each_ledger!(@kinds $module [$($kind),*] $($case),*);
        })*
    };
    (@kinds $module:ident [] $($case:ident),*) => {};
    (@kinds $module:ident [$kind:ident $(, $rest:ident)*] $($case:ident),*) => {
        mod $kind {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let house = crate::house::House::$kind().await;
                crate::$module::$case(&house).await;
                house.tear_down().await;
            })*
        }
        for_each_ledger!(@kinds $module [$($rest),*] $($case),*);
    };
}

mod every {
    for_each_ledger! {
        [postgres, sqlite, memory] => accepting::{
            a_new_post_is_stored_whole,
            the_same_request_again_gets_its_first_answer,
            another_request_under_the_key_is_refused,
            fifty_at_once_make_one_post,
            one_call_may_repeat_itself,
            a_key_belongs_to_its_tenant,
        }
        [postgres, sqlite, memory] => attempts::{
            the_whole_way_from_schedule_to_proof,
            of_fifty_workers_one_begins,
            a_thousand_targets_at_once,
            an_unknown_target_fails_alone,
            commands_that_meet_on_one_target_all_count,
            a_dead_worker_is_taken_over_and_logged,
            a_doubt_that_nobody_can_settle_waits_for_a_person,
            d20_twins_that_are_being_sent_are_known_to_a_look,
            platform_ids_are_remembered_by_account,
            a_post_that_a_person_names_is_one_targets,
            the_same_text_nearby_is_found,
        }
        [postgres, sqlite, memory] => claims::{
            what_is_not_due_is_left_alone,
            what_is_due_soon_is_handed_over_ahead,
            two_schedulers_never_emit_one_target_twice,
            a_tenant_with_much_does_not_starve_another,
            a_channel_holds_no_more_than_its_bound,
            a_full_channel_does_not_hide_what_is_overdue,
            too_late_is_expired_and_told,
            a_lost_message_is_emitted_again,
        }
        [postgres, sqlite, memory] => pauses::{
            a_scope_is_paused_once,
            a_pause_holds_and_its_end_drips,
            the_end_of_a_pause_sets_doubts_going,
            another_pause_still_covers,
            an_account_that_fails_holds_its_siblings,
            nothing_stays_held_when_claims_meet_the_end_of_a_pause,
        }
        [postgres, sqlite, memory] => changes::{
            a_change_is_done_to_all_targets,
            one_refusal_changes_nothing,
            a_stale_revision_changes_nothing,
            what_does_not_belong_together_is_not_found,
            an_edit_is_what_goes_out,
            cancelling_meets_beginning_and_one_wins,
        }
        [postgres, sqlite, memory] => events::{
            events_are_told_once_and_then_forgotten,
            young_events_are_left_to_whoever_wrote_them,
            lists_come_page_by_page,
            new_work_is_announced,
        }
        [postgres, sqlite, memory] => census::{ everything_is_counted }
        [postgres, sqlite, memory] => listed::{
            who_needs_a_person_is_counted_by_channel_and_by_how_long,
            who_needs_a_person_is_told_in_few_words_until_it_is_settled,
        }
        [postgres, sqlite, memory] => lists::{
            posts_are_narrowed_by_where_their_targets_are_and_how_they_stand,
            posts_are_found_by_what_they_say,
        }
        [postgres, sqlite, memory] => credentials::{
            a_record_is_kept_as_it_was_put,
            only_the_expected_version_is_replaced,
            of_writers_at_once_one_wins,
            no_write_is_lost_among_many,
            a_stale_delete_deletes_nothing,
            a_record_that_is_made_again_is_another,
            a_delete_meets_a_write_and_one_wins,
            kinds_do_not_mix,
            records_are_sorted_by_name,
            printed_no_record_shows_what_is_sealed,
        }
        [postgres, sqlite, memory] => audit_log::{
            an_entry_is_begun_and_completed,
            what_is_completed_stays_as_it_is,
            entries_are_found_by_what_they_are_about,
            the_log_comes_page_by_page,
            a_letter_that_is_moved_back_is_on_record_with_the_retry,
        }
        [postgres, sqlite, memory] => deliveries::{
            each_hook_is_sent_what_it_wants,
            without_hooks_nothing_is_made_and_events_are_forgotten,
            an_event_that_many_tell_is_delivered_once,
            of_takers_at_once_each_delivery_has_one,
            what_a_dead_sender_held_is_taken_again,
            an_attempt_decides_what_follows,
            what_is_replayed_is_as_if_new,
            deliveries_are_listed_page_by_page,
            what_is_over_is_forgotten,
            a_hook_that_cannot_be_read_hides_no_other,
        }
        [postgres, sqlite, memory] => history::{
            what_was_due_is_counted_by_how_it_stands,
            what_waits_beyond_the_period_is_counted_where_it_was_due,
            lateness_is_rounded_alike_everywhere,
            what_was_sent_late_is_listed,
            what_left_a_doubt_is_listed,
            what_went_out_last_is_known_whenever_it_was_due,
            a_case_is_open_until_its_target_is_out,
            a_case_that_is_given_up_is_told_from_one_that_is_mended,
            each_retry_by_hand_is_counted_in_its_period,
            what_expired_and_was_moved_is_a_manual_retry,
            what_was_found_outside_is_counted_in_its_period,
            a_doubt_that_a_person_was_asked_about_is_told_from_one_settled_by_machine,
            what_was_not_sent_in_time_is_listed_by_its_deadline,
        }
        [postgres, sqlite, memory] => incidents::{
            what_is_found_is_on_record_once,
            what_is_closed_stays_closed,
            incidents_come_page_by_page_newest_first,
            lists_are_narrowed,
            of_many_that_find_the_same_one_reports_it,
            what_was_looked_for_is_told_from_what_was_not,
        }
        [postgres, sqlite, memory] => outside::{
            what_is_published_is_found_by_account_and_time,
            what_is_published_comes_page_by_page,
            what_may_be_out_is_not_settled,
            a_platform_id_tells_its_target,
            who_has_a_platform_id_is_found_among_accounts,
        }
        [postgres, sqlite, memory] => causes::{
            a_cause_begins_with_the_first_try,
            causes_are_counted_by_account_and_post,
            doubts_are_counted_apart,
            only_the_posts_with_the_most_targets_are_named,
            what_was_due_lately_says_what_of_it_is_out,
            what_waits_is_at_stake_by_account,
            what_is_retried_is_told_by_channel_from_when_it_was_due,
            what_drips_after_a_pause_is_late_and_waits,
        }
        [postgres, sqlite, memory] => jobs::{
            a_job_is_about_what_is_listed_when_it_is_begun,
            one_process_carries_a_job_on,
            a_target_is_changed_once_whoever_else_acts_on_it,
            a_job_may_be_about_what_waits,
            a_job_may_be_about_what_has_expired,
            what_waited_is_left_alone_once_it_was_changed_or_is_on_its_way,
            what_is_held_back_says_why_and_what_changed_is_worked_out_anew,
            a_job_that_is_stopped_changes_nothing_more,
            outcomes_say_what_became_of_it,
            jobs_are_listed_newest_first,
            a_job_that_ended_long_ago_is_forgotten,
        }
        [postgres, sqlite, memory] => assignments::{
            of_two_who_take_the_same_one_has_it,
            of_many_who_take_it_at_once_one_has_it,
            a_cause_its_parts_and_a_target_are_had_one_by_one,
            an_assignment_ends_when_nothing_of_it_has_been_listed_for_a_while,
        }
        [postgres, sqlite, memory] => processes::{
            a_process_is_known_by_what_it_said_last,
            a_process_is_forgotten_when_it_ends_or_was_silent_for_long,
        }
        [postgres, sqlite, memory] => restores::{
            what_may_have_been_sent_is_marked_and_nothing_else,
            marking_goes_batch_by_batch_and_may_be_done_again,
            what_is_marked_is_counted_before_by_account,
            what_is_handed_in_again_is_looked_for,
        }
        [postgres, sqlite, memory] => notes::{
            a_note_lasts_until_it_is_removed,
            a_note_is_forgotten_after_its_time,
            notes_that_are_over_are_removed_and_no_others,
        }
        [postgres, sqlite, memory] => upcoming::{
            all_that_waits_is_upcoming_and_nothing_else,
            what_wakes_later_than_it_is_due_is_upcoming,
            what_is_upcoming_comes_page_by_page,
            one_tenant_channel_or_account_may_be_asked_for,
            each_account_is_needed_from_its_first_to_its_last,
        }
    }
}

/// What only a database can show.
mod stored {
    for_each_ledger! {
        [postgres, sqlite] => census::{ every_planted_violation_is_found }
        [postgres, sqlite] => durability::{
            everything_is_there_after_opening_again,
            an_unreadable_row_harms_nobody_else,
            a_release_that_was_cut_short_is_finished,
        }
        [postgres, sqlite] => credentials::{
            records_are_there_after_opening_again,
            a_record_that_cannot_be_read_hides_no_other,
        }
        [postgres, sqlite] => history::{
            a_target_listed_before_there_were_cases_has_been_open_since_then,
            what_was_sent_late_is_listed_of_attempts_that_do_not_say_so,
        }
        [postgres, sqlite] => incidents::{ an_incident_of_an_unknown_kind_hides_no_other }
        [postgres, sqlite] => processes::{ a_process_that_cannot_be_read_hides_no_other }
        [postgres, sqlite] => upcoming::{ what_cannot_be_read_ends_no_page }
        [postgres, sqlite] => corpus::{
            rows_of_every_version_are_read_and_mean_the_same,
            statements_of_every_version_work_on_this_schema,
        }
        [postgres, sqlite] => versions::{
            a_newer_schema_that_only_adds_is_worked_with,
            a_newer_schema_that_takes_away_is_refused_with_what_to_do,
            a_newer_schema_that_takes_away_what_we_do_not_use_is_worked_with,
            what_a_newer_version_added_to_a_row_survives_an_older_one,
            an_unknown_word_stops_its_row_and_no_other,
            unknown_words_do_not_fill_the_room_of_a_channel,
            what_cannot_be_read_hides_nothing_else_in_a_list,
            an_attempt_of_an_unknown_kind_hides_no_other,
            a_pause_of_an_unknown_scope_holds_everything_back,
        }
    }
}

/// What a file cannot show.
mod told {
    for_each_ledger! {
        [postgres, memory] => restores::{
            a_ledger_that_was_put_back_sends_and_accepts_nothing_until_somebody_vouches_for_it,
        }
    }
}

/// What only a server can show.
mod served {
    for_each_ledger! {
        [postgres] => restores::{
            a_dump_that_was_restored_is_another_ledger,
            a_server_that_may_not_be_asked_cannot_tell,
            a_pause_that_was_ending_waits_for_whoever_vouches,
        }
        [postgres] => claims::{ a_slow_batch_is_stepped_over }
        [postgres] => durability::{
            a_schema_that_is_not_there_is_refused,
            a_key_the_server_refuses_fails_alone,
            another_process_hears_the_news,
        }
        [postgres] => credentials::{ a_write_that_waited_for_another_knows_that_it_lost }
        [postgres] => size::{ a_pending_target_costs_less_than_a_kilobyte }
    }
}
