//! Searches that must find a promise broken: the protocol with one rule put wrong.

use super::{Entry, Subject};
use crate::browser::properties::{AGES, FOUND, HONEST};
use crate::race::{FINAL, Guards, NEW_PASSWORD, Races};
use crate::rules::{Fault, Rules};
use crate::scenario::{FailOver, Scenario};

const G: Rules = Rules::of_window(6);

const fn broken(name: &'static str, breaks: &'static str, scenario: Scenario) -> Entry {
    Entry {
        name,
        subject: Subject::Browser(scenario),
        breaks: Some(breaks),
        quick: true,
    }
}

const fn faulty(name: &'static str, fault: Fault) -> Entry {
    broken(name, HONEST, Scenario::honest(G.with_fault(fault), 2, 3))
}

const fn races(name: &'static str, breaks: &'static str, guards: Guards) -> Entry {
    Entry {
        name,
        subject: Subject::Races(Races {
            rules: Rules {
                burst: 0,
                retry_cap: 1,
                ..Rules::of_window(1)
            },
            guards,
            hands: 2,
            generations: 1,
            branches: 1,
            passwords: 1,
        }),
        breaks: Some(breaks),
        quick: true,
    }
}

pub(super) const ENTRIES: [Entry; 17] = [
    faulty("no minimum age", Fault::NoMinimumAge),
    faulty("a leeway by time alone", Fault::TimeOnly),
    faulty("retries that do not restart the window", Fault::NoRestart),
    faulty("settled at first use", Fault::SettledAtFirstUse),
    broken(
        "a window that is too small",
        HONEST,
        Scenario::honest(Rules::of_window(4), 2, 3),
    ),
    broken(
        "a window that leaves out the second answer",
        HONEST,
        Scenario {
            answers_last: 2,
            ..Scenario::honest(G, 2, 3)
        },
    ),
    broken(
        "a window that counts a client's time limit twice",
        HONEST,
        Scenario {
            limit_is_shared: true,
            requests_last: 2,
            answers_last: 2,
            flush: 6,
            ..Scenario::honest(Rules::of_window(10), 2, 2)
        },
    ),
    broken(
        "retries beyond the cap that are answered",
        HONEST,
        Scenario::honest(
            Rules {
                burst: 0,
                ..G.with_fault(Fault::CappedRetriesAreAnswered)
            },
            2,
            3,
        ),
    ),
    broken(
        "no retry cap",
        AGES,
        Scenario {
            watches_age: true,
            ..Scenario::theft(
                Rules {
                    retry_cap: 1,
                    ..G.with_fault(Fault::NoRetryCap)
                },
                1,
                1,
            )
        },
    ),
    broken(
        "no branches",
        FOUND,
        Scenario {
            watches_parting: true,
            traffic: false,
            ..Scenario::theft(G.with_fault(Fault::NoBranches), 1, 3)
        },
    ),
    broken(
        "uses that are kept for a window before they are written",
        HONEST,
        Scenario {
            reports_last: 6,
            ..Scenario::honest(G, 2, 2)
        },
    ),
    broken(
        "a clock that is set forward by more than the window has to spare",
        HONEST,
        Scenario {
            clock_steps: &[3],
            clock_changes: 1,
            ..Scenario::honest(G, 2, 3)
        },
    ),
    broken(
        "a fail-over that does not restart the windows",
        HONEST,
        Scenario {
            fail_overs: 1,
            fail_over_restarts_windows: false,
            ..Scenario::honest(G, 2, 3)
        },
    ),
    broken(
        "a healed row that forgives no branch",
        HONEST,
        Scenario {
            fail_overs: 1,
            fail_over: FailOver::AtAnyTime,
            ..Scenario::honest(G.with_fault(Fault::HealedRowsForgiveNoBranch), 2, 3)
        },
    ),
    races(
        "verdicts that are written whatever became of the row",
        FINAL,
        Guards::VerdictsUnguarded,
    ),
    races(
        "verdicts that are written over a logout",
        FINAL,
        Guards::EndUnguarded,
    ),
    races(
        "a login that does not say which password it has checked",
        NEW_PASSWORD,
        Guards::LoginsUnguarded,
    ),
];
