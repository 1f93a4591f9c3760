//! The protocol with one rule put wrong, to show what the rule is there for.

use std::time::Duration;

use hardtack::core::Timestamp;
use hardtack::core::rotation::{Family, Lineage, Phase, Position, Rotation, rotate};

/// Which rules are played. Only [`Variant::Full`] is the library itself; the others exist nowhere
/// but here and in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Variant {
    /// The library, as it is shipped
    Full,
    /// The current token rotates at once
    NoMinimumAge,
    /// The parent is good for a window and no longer: the leeway of the large providers
    TimeOnly,
    /// A retry does not restart the window
    NoRestart,
    /// The first use of the successor ends its parent
    SettledAtFirstUse,
    /// Who comes late with a parent gets the same successor
    NoBranches,
}

impl Variant {
    /// All of them, the whole protocol first.
    pub const ALL: [Self; 6] = [
        Self::Full,
        Self::NoMinimumAge,
        Self::TimeOnly,
        Self::NoRestart,
        Self::SettledAtFirstUse,
        Self::NoBranches,
    ];

    /// As the command line has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::NoMinimumAge => "no-minimum-age",
            Self::TimeOnly => "time-only",
            Self::NoRestart => "no-restart",
            Self::SettledAtFirstUse => "settled-at-first-use",
            Self::NoBranches => "no-branches",
        }
    }

    /// What this variant decides about a presented token, and the row after it: the library's
    /// decision, but for the rule that is put wrong.
    pub fn present(
        self,
        family: &Family,
        presented: Position,
        window: Duration,
        now: Timestamp,
    ) -> (Rotation, Lineage) {
        let row = family.lineage;
        let decision = rotate(family, presented, window, now);
        let changed = |decision| (decision, row.after(decision, presented, now));
        let unchanged = |decision| (decision, row);
        match (self, decision) {
            (Self::NoMinimumAge, Rotation::Repeat) => changed(Rotation::Advance),
            (Self::TimeOnly | Self::NoRestart, Rotation::Retry | Rotation::Wait(_)) => {
                unchanged(Rotation::Retry)
            }
            (Self::TimeOnly, Rotation::Branch) => unchanged(Rotation::Reuse),
            (Self::NoBranches, Rotation::Branch) => (
                Rotation::Retry,
                Lineage {
                    phase: Phase::Fresh,
                    anchor_at: now,
                    ..row
                },
            ),
            _ => changed(decision),
        }
    }

    /// The row after an access token was used.
    #[must_use]
    pub fn note_use(
        self,
        row: Lineage,
        used: Position,
        window: Duration,
        now: Timestamp,
    ) -> Lineage {
        let after = row.after_use(used, window, now);
        match self {
            Self::SettledAtFirstUse if after != row => Lineage {
                phase: Phase::Settled,
                ..after
            },
            _ => after,
        }
    }
}
