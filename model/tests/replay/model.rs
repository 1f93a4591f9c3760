//! The model's side.

use hardtack_model::table::{Ended, Owner, Reply, Row};

use crate::step::{Party, Scale, Step, Which};

#[derive(Clone)]
pub(crate) struct Model {
    scale: Scale,
    row: Row,
    replica: Option<Row>,
    has_other_password: bool,
    is_disabled: bool,
}

impl Model {
    pub(crate) fn new(scale: Scale) -> Self {
        Self {
            scale,
            row: Row::at_login(&scale.rules),
            replica: None,
            has_other_password: false,
            is_disabled: false,
        }
    }

    /// The step with its token named.
    pub(crate) fn name(&self, step: Step) -> Step {
        match step {
            Step::Present(which) => Step::Present(Which::This(which.of(&self.row))),
            Step::Use(which) => Step::Use(Which::This(which.of(&self.row))),
            other => other,
        }
    }
}

impl Party for Model {
    fn take(&mut self, step: Step) -> Option<Reply> {
        let rules = &self.scale.rules;
        let mut reply = None;
        match step {
            Step::Present(which) => {
                let (row, answer) = self.row.present(which.of(&self.row), rules);
                self.row = row;
                reply = Some(answer);
            }
            Step::Use(which) => self.row = self.row.used(which.of(&self.row), rules),
            Step::Pass(ticks) | Step::SetClock(ticks) => {
                self.row = self.row.pass(ticks, rules);
                self.replica = self.replica.map(|row| row.pass(ticks, rules));
            }
            Step::LogOut => self.row = self.row.end(Ended::Logout, rules),
            Step::ChangePassword => {
                self.row = self.row.end(Ended::PasswordChanged, rules);
                self.has_other_password = true;
            }
            Step::Disable => {
                self.row = self.row.end(Ended::UserDisabled, rules);
                self.is_disabled = true;
            }
            Step::Enable => self.is_disabled = false,
            Step::ReplicaFallsBehind => self.replica = Some(self.row),
            Step::FailOver => {
                if let Some(row) = self.replica.take() {
                    self.row = Row { age: 0, ..row };
                }
            }
        }
        self.row.owner = match (self.is_disabled, self.has_other_password) {
            (true, _) => Owner::Disabled,
            (false, true) => Owner::Gone,
            (false, false) => Owner::Standing,
        };
        reply
    }

    fn row(&mut self) -> Row {
        self.row
    }
}
