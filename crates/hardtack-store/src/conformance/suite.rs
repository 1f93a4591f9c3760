//! The list of all that is tested.

/// Stamps the suite onto a backend: `conformance!(name, open)`, see [the module](mod@crate::conformance).
#[macro_export]
macro_rules! conformance {
    ($backend:ident, $open:expr) => {
        mod $backend {
            use super::*;
            $crate::conformance! { @stamp $open;
                user {
                    a_new_user_is_active_and_found_as_they_were_added
                    an_unknown_user_is_not_found
                    a_user_is_found_by_every_spelling_of_name_and_address
                    a_name_is_no_address
                    a_name_that_is_taken_in_another_spelling_is_refused
                    an_address_that_is_taken_in_another_spelling_is_refused
                    users_without_an_address_are_in_nobodys_way
                    a_name_may_not_be_anothers_address_nor_the_other_way_round
                    one_may_be_called_like_ones_own_address
                    a_refused_user_leaves_nothing_behind
                    of_many_registrations_of_one_name_at_once_one_wins
                    a_number_is_never_given_twice
                    users_are_listed_by_number_and_in_pages
                    a_profile_changes_what_it_names_and_nothing_else
                    a_profile_may_keep_or_respell_its_own_name
                    two_changes_of_different_fields_both_hold
                    a_profile_may_not_take_anothers_name_or_address
                    a_name_that_was_given_up_is_free
                    a_profile_of_nobody_is_none
                }
                password {
                    a_new_password_ends_every_session_and_opens_the_successor
                    a_new_password_without_successor_leaves_no_session
                    a_successor_is_no_login
                    a_change_from_an_older_password_changes_nothing
                    of_two_changes_at_once_one_wins
                    nobody_has_no_password_to_change
                    a_successor_is_not_opened_for_a_disabled_user
                    a_login_that_raced_a_password_change_opens_nothing
                    a_stronger_hash_of_the_same_password_keeps_the_sessions
                    a_late_rehash_does_not_bring_the_old_password_back
                }
                standing {
                    switching_a_user_off_ends_every_session_of_theirs
                    switching_a_user_on_again_brings_no_session_back
                    switching_twice_ends_nothing_twice
                    a_disabled_user_does_not_log_in
                    deleting_a_user_ends_every_session_and_frees_the_name
                    a_deleted_user_does_not_log_in
                    nobody_is_neither_switched_nor_deleted
                    a_clock_that_steps_back_does_not_undo_what_befell_the_owner
                    a_session_of_an_old_password_is_not_listed_and_takes_no_place
                    who_moves_in_under_a_deleted_users_number_inherits_no_session
                }
                login {
                    a_session_opens_settled_and_may_rotate_at_once
                    a_login_moves_the_last_login
                    a_login_ends_the_live_sessions_that_it_replaces
                    a_session_is_never_taken_over
                    the_live_sessions_are_listed_newest_first
                    ending_a_session_twice_ends_it_once
                    of_many_that_end_a_session_at_once_one_did
                    every_session_of_a_user_ends_but_the_one_excepted
                    a_session_is_over_when_it_was_idle_for_its_timeout
                    a_session_is_over_at_its_absolute_end_however_busy
                    absurd_lifetimes_neither_wrap_nor_end_at_once
                    a_device_is_new_when_others_are_known_and_it_is_not
                }
                audit {
                    entries_are_kept_as_they_are_and_listed_by_time
                    a_filter_takes_one_user_and_what_is_not_too_old
                    pages_neither_repeat_nor_skip
                    an_entry_is_forgotten_after_its_time
                }
                limit {
                    a_session_keeps_what_its_login_said
                    the_successor_of_a_password_change_keeps_what_it_is_told
                    a_login_within_the_limit_ends_nothing
                    a_login_too_many_ends_the_session_that_was_idle_longest
                    the_session_just_opened_never_makes_way
                    of_two_idle_alike_the_older_session_leaves
                    only_live_sessions_of_the_same_user_count
                    a_lower_limit_ends_as_many_as_are_too_many
                    a_refused_login_makes_nobody_leave
                    of_many_logins_at_once_no_more_stay_than_the_limit
                }
                rotation {
                    a_rotation_is_the_one_that_the_rule_says
                    a_rotation_remembers_which_branch_it_came_from
                    only_the_current_token_rotates
                    nothing_rotates_before_the_window_is_over
                    a_revoked_session_does_not_rotate
                    a_session_that_ran_out_does_not_rotate
                    the_last_generation_has_no_successor
                    a_clock_that_steps_back_makes_the_window_longer
                    without_a_window_every_use_rotates
                    rotation_moves_one_family_only
                    of_fifty_rotations_of_one_token_at_once_one_wins
                    nothing_rotates_after_a_racing_logout
                }
                verdict {
                    a_chain_goes_on_as_decided_and_the_use_counts
                    a_chain_that_stays_as_it_is_counts_as_used
                    a_use_defers_the_idle_end_and_never_the_absolute_one
                    a_row_that_is_not_the_one_judged_is_left_alone
                    a_verdict_on_an_unknown_session_is_none
                    of_many_verdicts_on_one_row_at_once_one_is_written
                    a_rotation_that_was_faster_voids_the_verdict
                    a_reuse_ends_the_family_and_is_remembered
                    revoked_is_final
                    a_session_that_ran_out_takes_no_verdict
                    a_racing_logout_beats_or_follows_a_verdict
                }
                uses {
                    a_generation_settles_by_two_uses_a_window_apart
                    a_use_of_another_token_proves_nothing
                    a_use_settles_and_does_not_defer_the_idle_end
                    unknown_and_ended_sessions_are_passed_over
                    the_same_use_twice_in_one_report_counts_once
                    a_clock_that_steps_back_settles_nothing_early
                }
                seen {
                    a_use_that_is_noted_defers_the_idle_end
                    the_last_use_never_goes_back_nor_past_the_present
                    what_is_over_stays_over_though_it_was_used_before_its_end
                    many_are_noted_at_once_and_nobody_else
                    a_refresh_in_the_background_defers_nothing
                    an_entry_outlives_a_token_that_was_fetched_in_the_background
                    nothing_that_is_noted_beside_a_logout_brings_the_session_back
                }
                log {
                    the_log_has_what_ended_oldest_first
                    pages_of_the_log_join_without_gap_or_repetition
                    what_is_ended_later_stands_after_every_position_that_was_given
                    who_knows_another_past_is_told_everything
                    an_entry_is_gone_from_the_log_when_it_expires
                    an_entry_outlives_the_last_token_though_the_clock_stepped_back
                    an_end_is_remembered_as_long_as_any_token_lives
                    less_holds_when_the_last_token_is_over_that_needed_more
                    what_ends_by_itself_is_not_in_the_log
                    a_sequence_never_comes_again
                    every_way_to_end_a_session_is_in_the_log
                }
                registration {
                    who_registers_is_asked_to_verify_the_address
                    who_registers_without_a_code_or_an_address_gets_no_mail
                    an_operator_vouches_for_the_address_of_whom_they_add
                    a_refused_registration_leaves_nothing_behind
                    of_many_registrations_at_once_one_wins
                    an_invitation_lets_one_in
                    who_registers_with_the_invited_address_has_verified_it
                    a_newer_invitation_voids_the_older_of_its_address
                }
                code {
                    a_code_is_good_for_what_it_was_made_for_only
                    a_code_ends_when_its_time_is_over
                    a_newer_code_voids_the_older_and_its_mail
                    nothing_is_sent_where_it_is_of_no_use
                    of_many_that_show_one_code_at_once_one_is_served
                    a_mail_is_in_the_users_language_or_else_in_the_readers
                    codes_that_have_ended_are_purged_and_no_others
                    what_was_asked_for_under_the_old_password_dies_with_it
                }
                recovery {
                    a_reset_sets_the_password_ends_every_session_and_tells
                    a_reset_takes_an_account_from_whoever_opened_it_with_ones_address
                    of_many_resets_with_one_code_at_once_one_is_done
                    a_reset_and_a_password_change_at_once_are_not_both_done
                    a_refused_reset_changes_nothing
                    a_code_buys_nothing_for_who_was_switched_off
                    a_stronger_hash_leaves_the_code_good
                    a_password_change_is_told_in_the_same_act_or_not_at_all
                }
                address {
                    an_address_is_changed_when_the_new_one_has_answered
                    who_had_no_address_gets_no_notice
                    a_change_is_asked_for_by_the_user_as_they_are
                    of_many_who_confirm_one_address_at_once_one_gets_it
                    the_way_back_returns_the_address_and_shuts_everybody_out
                    the_way_back_outlives_what_a_thief_does_next
                    the_older_way_back_has_the_better_claim
                    an_address_is_kept_for_who_may_come_back_to_it
                    a_deleted_user_leaves_neither_codes_nor_mails
                    no_door_opens_to_a_code_of_another_purpose
                }
                outbox {
                    mails_wait_as_they_were_queued
                    a_mail_to_nobody_goes_with_them
                    a_claim_holds_until_its_lease_is_over
                    what_has_been_due_longest_is_claimed_first
                    of_many_senders_at_once_each_mail_goes_to_one
                    a_mail_that_was_sent_is_gone
                    a_failure_puts_a_mail_off_or_gives_it_up
                    a_claim_that_was_lost_changes_nothing
                    a_mail_that_leads_nowhere_is_given_up
                    mails_are_listed_by_number_and_in_pages
                    what_was_given_up_is_forgotten_after_its_time
                }
                holdings {
                    holdings_have_all_of_a_user_and_nothing_of_another
                    nobody_has_no_holdings
                }
                import {
                    an_imported_user_keeps_number_dates_state_and_hash
                    numbers_go_on_above_those_that_came
                    an_import_that_is_repeated_changes_nobody
                    a_collision_is_refused_with_whom_and_stands_in_nobodys_way
                    a_rehearsal_tells_what_would_be_and_writes_nothing
                    who_is_replaced_has_the_imported_password_and_no_session
                }
                purge {
                    a_revoked_session_goes_after_its_time
                    a_session_that_ran_out_goes_after_its_time
                    a_live_session_is_never_purged
                    an_entry_of_the_log_goes_its_time_after_it_expired
                    a_purge_by_a_clock_that_was_ahead_forgets_nobody
                    a_purge_goes_in_bounded_steps_and_reaches_everything
                    two_purges_at_once_count_each_row_once
                }
            }
        }
    };
    (@stamp $open:expr; $($room:ident { $($test:ident)* })*) => {
        $(mod $room {
            use super::*;
            $(
                #[test]
                fn $test() {
                    $crate::conformance::run($open, $crate::conformance::$room::$test);
                }
            )*
        })*
    };
}
