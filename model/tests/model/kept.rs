//! Searches in which every promise of `docs/rotation.md` must hold.

use hardtack_model::catalogue;

fn keeps_every_promise(name: &str) {
    let entry = catalogue::find(name).expect("an entry of the catalogue");
    assert_eq!(entry.breaks, None);
    let found = entry.search();
    assert_eq!(found.broken, None, "{}", found.story);
    // A search that met little was fenced in by mistake.
    assert!(found.states > 10_000, "{}", found.states);
}

#[test]
fn nobody_honest_is_refused_with_two_tabs() {
    keeps_every_promise("two tabs");
}

#[test]
fn nobody_honest_is_refused_with_three_tabs() {
    keeps_every_promise("three tabs");
}

#[test]
fn slower_answers_want_a_window_of_two_round_trips_and_a_flush() {
    keeps_every_promise(
        "answers that take two ticks, with the window that two round trips ask for",
    );
}

#[test]
fn a_client_that_gives_up_wants_a_window_of_three_time_limits_and_a_flush() {
    keeps_every_promise("a client with a time limit, and the window that asks for three of them");
}

#[test]
fn a_longer_burst_wants_a_window_longer_by_it() {
    keeps_every_promise("bursts of two ticks, with a window that is longer by them");
}

#[test]
fn uses_may_be_written_as_late_as_a_request_may_arrive() {
    keeps_every_promise("uses that are written late");
}

#[test]
fn a_clock_that_is_set_back_only_makes_the_window_longer() {
    keeps_every_promise("a clock that is set back");
}

#[test]
fn a_clock_may_be_set_forward_by_what_the_window_has_to_spare() {
    keeps_every_promise("a clock that is set forward by no more than the window has to spare");
}

#[test]
fn lost_commits_log_nobody_out() {
    keeps_every_promise("a fail-over that loses commits, at any moment");
}

#[test]
fn an_ended_family_stays_ended_whatever_is_under_way() {
    keeps_every_promise("logout and a password change at any moment");
}

#[test]
fn the_absolute_end_never_moves() {
    keeps_every_promise("idle and absolute timeout");
}

#[test]
fn two_who_refresh_in_turn_are_found_where_uses_are_seen() {
    keeps_every_promise("a theft, where uses are seen");
}

#[test]
fn two_who_refresh_in_turn_are_found_where_uses_are_not_seen() {
    keeps_every_promise("a theft, where uses are not seen");
}

#[test]
fn a_thief_who_hammers_cannot_keep_a_token_young() {
    keeps_every_promise("a thief who hammers");
}

#[test]
fn every_race_inside_the_server_ends_as_if_there_were_none() {
    keeps_every_promise("races, with logins and a password change");
}
