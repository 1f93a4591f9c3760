//! Searches that must find the protocol broken, each with one rule put wrong, and how.

use hardtack_model::catalogue;

/// The counterexample, which must tell these things in this order.
fn is_refuted(name: &str, course: &[&str]) {
    let entry = catalogue::find(name).expect("an entry of the catalogue");
    let found = entry.search();
    assert_eq!(found.broken, entry.breaks, "{}", found.story);
    assert!(found.broken.is_some());
    let mut rest = found.story.as_str();
    for event in course {
        let Some((_, after)) = rest.split_once(event) else {
            panic!("no \"{event}\" where it should be:\n{}", found.story);
        };
        rest = after;
    }
}

const REFUSED: &str = "REFUSED: taken for a copy";
const SLOW_TAB: &str = "a tab sends a refresh with 0.0";

/// One tab rotates twice while another's request is under way.
#[test]
fn without_a_minimum_age_a_slow_tab_is_taken_for_a_thief() {
    is_refuted(
        "no minimum age",
        &[
            SLOW_TAB,
            SLOW_TAB,
            "rotated to 1.0",
            "rotated to 2.0",
            REFUSED,
        ],
    );
}

/// The leeway of the large providers.
#[test]
fn with_a_leeway_by_time_alone_a_lost_answer_logs_out() {
    is_refuted(
        "a leeway by time alone",
        &[
            "rotated to 1.0; the answer is lost",
            "ticks pass",
            SLOW_TAB,
            REFUSED,
        ],
    );
}

#[test]
fn without_a_restart_two_retries_straddle_the_end_of_the_window() {
    is_refuted(
        "retries that do not restart the window",
        &[
            "the answer is lost",
            SLOW_TAB,
            "given its successor 1.0",
            "rotated to 2.0",
            REFUSED,
        ],
    );
}

#[test]
fn settled_at_first_use_a_late_message_of_another_tab_logs_out() {
    is_refuted(
        "settled at first use",
        &[
            SLOW_TAB,
            SLOW_TAB,
            "rotated to 1.0",
            "uses the access token of 1.0",
            "Settled",
            REFUSED,
        ],
    );
}

#[test]
fn a_window_too_small_lets_a_crash_log_out() {
    is_refuted(
        "a window that is too small",
        &[
            "the answer with 1.0 lands in the jar",
            "the browser crashes",
            "rotated to 3.0",
            REFUSED,
        ],
    );
}

/// An old answer lands on the new cookie, a newer one puts it back, and the flush begins anew: the
/// second answer's delay counts as well.
#[test]
fn a_window_of_one_answer_is_too_small() {
    is_refuted(
        "a window that leaves out the second answer",
        &[
            "the answer with 2.0 lands in the jar",
            "the answer with 1.0 lands in the jar",
            "the answer with 2.0 lands in the jar",
            "the browser crashes",
            REFUSED,
        ],
    );
}

/// Two answers and the last request may each take a client's whole patience: the request from before
/// the crash is never answered, so nothing bounds it but the limit itself.
#[test]
fn a_window_of_two_time_limits_and_a_flush_is_too_small() {
    is_refuted(
        "a window that counts a client's time limit twice",
        &[
            "the answer with 2.0 lands in the jar",
            "the answer with 1.0 lands in the jar",
            "the answer with 2.0 lands in the jar",
            "the browser crashes",
            "late, and given a new branch",
            REFUSED,
        ],
    );
}

#[test]
fn a_retry_beyond_the_cap_that_is_answered_straddles_the_end_of_the_window() {
    is_refuted(
        "retries beyond the cap that are answered",
        &[
            "given its successor 1.0; the answer is lost",
            "given its successor 1.0; the answer is lost",
            "given its successor 1.0",
            "rotated to 2.0",
            REFUSED,
        ],
    );
}

#[test]
fn without_a_retry_cap_a_thief_keeps_a_token_young_for_ever() {
    is_refuted(
        "no retry cap",
        &[
            "a thief copies 0.0",
            "the thief presents 0.0: given its successor 1.0",
            "the thief presents 0.0: given its successor 1.0",
            "the thief presents 0.0: given its successor 1.0",
            "the thief presents 0.0: given its successor 1.0",
        ],
    );
}

#[test]
fn without_branches_a_thief_and_a_victim_take_turns_unseen() {
    is_refuted(
        "no branches",
        &[
            "the thief presents 0.0: rotated to 1.0",
            "the refresh with 0.0 arrives: given its successor 1.0",
            "the thief presents 1.0: rotated to 2.0",
        ],
    );
}

/// A use counts when it is written. One that was made before a crash and written long after settles
/// a cookie that the crash has undone.
#[test]
fn a_use_that_is_written_a_window_late_settles_what_was_never_on_the_disk() {
    is_refuted(
        "uses that are kept for a window before they are written",
        &[
            "uses the access token of 1.0",
            "the browser crashes",
            "the use of 1.0 is written",
            "Settled",
            REFUSED,
        ],
    );
}

#[test]
fn a_clock_set_far_forward_ends_the_window_early() {
    is_refuted(
        "a clock that is set forward by more than the window has to spare",
        &[
            "the clock is set forward by 3",
            "the browser crashes",
            "rotated to 2.0",
            REFUSED,
        ],
    );
}

/// The retry that moved the anchor is among what was lost.
#[test]
fn a_fail_over_that_forgets_an_anchor_ends_the_window_early() {
    is_refuted(
        "a fail-over that does not restart the windows",
        &[
            "the replica falls behind",
            "given its successor 1.0",
            "the replica takes over",
            "rotated to 2.0",
            REFUSED,
        ],
    );
}

#[test]
fn a_healed_row_that_forgives_no_branch_takes_its_own_answer_for_a_copy() {
    is_refuted(
        "a healed row that forgives no branch",
        &[
            "late, and given a new branch, 1.1",
            "the replica takes over",
            "given its successor 1.0",
            "ahead of the row, and believed: 1.1",
            "the refresh with 1.0 arrives: REFUSED",
        ],
    );
}

const JUDGED: &str = "reads the row and is judged";
const COMMITTED: &str = "is committed and answered";

#[test]
fn a_verdict_written_blindly_brings_an_ended_session_back() {
    is_refuted(
        "verdicts that are written whatever became of the row",
        &[JUDGED, "the user", COMMITTED],
    );
}

/// The same place in the chain is not the same row.
#[test]
fn a_verdict_guarded_by_its_position_alone_is_written_over_a_logout() {
    is_refuted(
        "verdicts that are written over a logout",
        &[JUDGED, "the user", COMMITTED],
    );
}

#[test]
fn a_login_that_raced_a_password_change_survives_without_its_guard() {
    is_refuted(
        "a login that does not say which password it has checked",
        &[
            "the password of a login is found right",
            "the user changes the password",
            "the session of that login is inserted",
        ],
    );
}
