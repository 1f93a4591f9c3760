//! Searches in which every promise must hold.

use super::{Entry, Subject};
use crate::race::{Guards, Races};
use crate::rules::{Lifetime, Rules};
use crate::scenario::{FailOver, Scenario};

/// Two round trips of one tick each way, and two ticks until a cookie is on the disk.
const G: Rules = Rules::of_window(6);

const RACES: Races = Races {
    rules: Rules {
        burst: 0,
        retry_cap: 1,
        ..Rules::of_window(1)
    },
    guards: Guards::Whole,
    hands: 2,
    generations: 1,
    branches: 1,
    passwords: 1,
};

const fn quick(name: &'static str, scenario: Scenario) -> Entry {
    Entry {
        name,
        subject: Subject::Browser(scenario),
        breaks: None,
        quick: true,
    }
}

const fn long(name: &'static str, scenario: Scenario) -> Entry {
    Entry {
        quick: false,
        ..quick(name, scenario)
    }
}

const fn races(name: &'static str, races: Races, quick: bool) -> Entry {
    Entry {
        name,
        subject: Subject::Races(races),
        breaks: None,
        quick,
    }
}

pub(super) const ENTRIES: [Entry; 24] = [
    quick("two tabs", Scenario::honest(G, 2, 3)),
    quick("three tabs", Scenario::honest(G, 3, 2)),
    quick(
        "answers that take two ticks, with the window that two round trips ask for",
        Scenario {
            answers_last: 2,
            ..Scenario::honest(Rules::of_window(8), 2, 2)
        },
    ),
    quick(
        "a client with a time limit, and the window that asks for three of them",
        Scenario {
            limit_is_shared: true,
            requests_last: 2,
            answers_last: 2,
            flush: 6,
            ..Scenario::honest(Rules::of_window(12), 2, 2)
        },
    ),
    quick(
        "bursts of two ticks, with a window that is longer by them",
        Scenario::honest(
            Rules {
                burst: 2,
                ..Rules::of_window(8)
            },
            2,
            2,
        ),
    ),
    quick(
        "uses that are written late",
        Scenario {
            reports_last: 1,
            ..Scenario::honest(G, 2, 2)
        },
    ),
    quick(
        "a clock that is set back",
        Scenario {
            clock_steps: &[-1, -4],
            clock_changes: 1,
            ..Scenario::honest(Rules { set_back: 4, ..G }, 2, 2)
        },
    ),
    quick(
        "a clock that is set forward by no more than the window has to spare",
        Scenario {
            clock_steps: &[1],
            clock_changes: 1,
            ..Scenario::honest(Rules::of_window(7), 2, 2)
        },
    ),
    quick(
        "a fail-over that loses commits, at any moment",
        Scenario {
            fail_overs: 1,
            fail_over: FailOver::AtAnyTime,
            ..Scenario::honest(G, 2, 1)
        },
    ),
    quick(
        "logout and a password change at any moment",
        Scenario {
            endings: true,
            ..Scenario::honest(G, 2, 2)
        },
    ),
    quick(
        "idle and absolute timeout",
        Scenario::honest(
            Rules {
                lifetime: Some(Lifetime {
                    idle: 8,
                    absolute: 14,
                }),
                ..G
            },
            2,
            2,
        ),
    ),
    quick(
        "a theft, where uses are seen",
        Scenario {
            watches_parting: true,
            ..Scenario::theft(G, 1, 2)
        },
    ),
    quick(
        "a theft, where uses are not seen",
        Scenario {
            watches_parting: true,
            traffic: false,
            ..Scenario::theft(G, 1, 3)
        },
    ),
    quick(
        "a thief who hammers",
        Scenario {
            watches_age: true,
            ..Scenario::theft(Rules { retry_cap: 1, ..G }, 1, 1)
        },
    ),
    races("races, with logins and a password change", RACES, true),
    long(
        "a client with a time limit and a fail-over, and the window that asks for three of them",
        Scenario {
            limit_is_shared: true,
            requests_last: 2,
            answers_last: 2,
            flush: 6,
            fail_overs: 1,
            fail_over: FailOver::AtAnyTime,
            ..Scenario::honest(Rules::of_window(12), 2, 2)
        },
    ),
    long("two tabs, far", Scenario::honest(G, 2, 5)),
    long("three tabs, far", Scenario::honest(G, 3, 4)),
    long(
        "three tabs, uses that are written late",
        Scenario {
            reports_last: 1,
            ..Scenario::honest(G, 3, 3)
        },
    ),
    long(
        "a fail-over at any moment, far",
        Scenario {
            fail_overs: 1,
            fail_over: FailOver::AtAnyTime,
            ..Scenario::honest(G, 2, 3)
        },
    ),
    long(
        "two fail-overs when nothing is under way",
        Scenario {
            fail_overs: 2,
            ..Scenario::honest(G, 2, 2)
        },
    ),
    long(
        "a theft with two tabs",
        Scenario {
            watches_parting: true,
            ..Scenario::theft(G, 2, 3)
        },
    ),
    long(
        "a theft and a fail-over",
        Scenario {
            fail_overs: 1,
            ..Scenario::theft(G, 1, 2)
        },
    ),
    races(
        "races of three, without a password change",
        Races {
            hands: 3,
            passwords: 0,
            ..RACES
        },
        false,
    ),
];
