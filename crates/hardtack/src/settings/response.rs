//! What answers look like, where the systems that front-ends were written for differ.

use std::collections::BTreeSet;

use super::{SettingsError, TokensInBody};

/// The shapes of answers. The defaults are dj-rest-auth's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ResponseSettings {
    /// Body of a login and a registration.
    pub login: TokenShape,
    /// Body of a refresh.
    pub refresh: TokenShape,
    /// Body of a logout.
    pub logout: MessageShape,
    /// Body of a refused refresh.
    pub error: ErrorShape,
    /// Status of a refresh that brings no refresh token.
    pub missing_refresh_status: MissingRefreshStatus,
    /// Status of a login with a wrong name or password.
    pub refused_login_status: RefusedLoginStatus,
    /// What the number of a user is called.
    pub user_key: UserKey,
    /// What is told of a user besides the number.
    pub user_fields: UserFields,
}

/// The body of an answer that hands out tokens. The cookies are the same with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenShape {
    /// Both ends, the user at a login, and such tokens as `tokens.in_body` says. The only one that
    /// can show the refresh token, so that `"both"` there wants it here.
    #[default]
    Full,
    /// `{}`.
    Empty,
    /// `{"access_token":"…"}`; only where `tokens.in_body` lets the access token out.
    AccessToken,
}

/// The body of an answer that has nothing to hand out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MessageShape {
    /// `{"detail":"…"}`.
    #[default]
    Detail,
    /// `{}`.
    Empty,
}

/// The body of a refused refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorShape {
    /// `{"detail":"…","code":"…"}`, with the reason.
    #[default]
    Detail,
    /// `{"error":"Refresh token missing"}` or `{"error":"Invalid refresh token"}`.
    Error,
}

/// The status of a refresh without a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingRefreshStatus {
    /// 401, as for a bad one.
    #[default]
    Unauthorized,
    /// 400. An empty cookie counts as none.
    BadRequest,
    /// 403, as Django REST framework says that somebody lacks a permission. An empty cookie counts
    /// as none.
    Forbidden,
}

/// The status of a login with a wrong name or password. Never 401, at which the documented
/// front-ends would refresh (docs/contract.md §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RefusedLoginStatus {
    /// 400, under `non_field_errors`.
    #[default]
    BadRequest,
    /// 403, under `detail`.
    Forbidden,
}

/// What the number of a user is called in a user object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserKey {
    /// `pk`.
    #[default]
    Pk,
    /// `id`.
    Id,
}

/// The fields of a user object besides its key, in the contract's order whatever is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each field is there or not, independently of the others"
)]
#[non_exhaustive]
pub struct UserFields {
    /// `username`.
    pub username: bool,
    /// `email`.
    pub email: bool,
    /// `first_name`.
    pub first_name: bool,
    /// `last_name`.
    pub last_name: bool,
}

impl Default for UserFields {
    fn default() -> Self {
        Self {
            username: true,
            email: true,
            first_name: true,
            last_name: true,
        }
    }
}

impl UserFields {
    /// Those of these names.
    ///
    /// # Errors
    /// A name that is none of the four, or stands there twice.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut left = BTreeSet::from(["username", "email", "first_name", "last_name"]);
        for name in names {
            if !left.remove(name) {
                return Err(format!(
                    "{name:?} is none of username, email, first_name and last_name, or stands there twice"
                ));
            }
        }
        let has = |name| !left.contains(name);
        Ok(Self {
            username: has("username"),
            email: has("email"),
            first_name: has("first_name"),
            last_name: has("last_name"),
        })
    }
}

impl ResponseSettings {
    /// Refuses a body that is nothing but what bodies may not have, and one that lacks what clients
    /// were told to find there.
    pub(super) fn verify(&self, in_body: TokensInBody) -> Result<(), SettingsError> {
        let shapes = [
            ("response.login", self.login),
            ("response.refresh", self.refresh),
        ];
        for (key, shape) in shapes {
            if shape == TokenShape::AccessToken && in_body == TokensInBody::None {
                return Err(SettingsError {
                    key,
                    problem: "\"access_token\" puts the access token into the body, and tokens.in_body = \"none\" keeps it out; set tokens.in_body = \"access\", or \"empty\" here".to_owned(),
                });
            }
            // A client that keeps the refresh token itself would be left with the old one, and be
            // taken for a thief at its next refresh.
            if shape != TokenShape::Full && in_body == TokensInBody::Both {
                let shape = if shape == TokenShape::Empty {
                    "empty"
                } else {
                    "access_token"
                };
                return Err(SettingsError {
                    key,
                    problem: format!(
                        "{shape:?} keeps the refresh token out of the body, where tokens.in_body = \"both\" has clients look for each new one: they would use an old one again, which ends the session as stolen; set \"full\", or tokens.in_body = \"access\""
                    ),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_nothing_but_the_access_token_needs_leave_to_show_it() {
        type Change = fn(&mut ResponseSettings);
        let rows: [(&str, Change); 2] = [
            ("response.login", |response| {
                response.login = TokenShape::AccessToken;
            }),
            ("response.refresh", |response| {
                response.refresh = TokenShape::AccessToken;
            }),
        ];
        for (key, change) in rows {
            let mut response = ResponseSettings::default();
            change(&mut response);
            assert_eq!(response.verify(TokensInBody::None).unwrap_err().key, key);
            assert_eq!(response.verify(TokensInBody::Access), Ok(()));
        }
    }

    /// A native client that is never shown the successor presents the old token again, which ends
    /// its session as stolen.
    #[test]
    fn clients_that_keep_the_refresh_token_are_shown_every_one() {
        type Change = fn(&mut ResponseSettings, TokenShape);
        let rows: [(&str, Change); 2] = [
            ("response.login", |response, shape| response.login = shape),
            ("response.refresh", |response, shape| {
                response.refresh = shape;
            }),
        ];
        for (key, change) in rows {
            for shape in [TokenShape::Empty, TokenShape::AccessToken] {
                let mut response = ResponseSettings::default();
                change(&mut response, shape);
                assert_eq!(response.verify(TokensInBody::Both).unwrap_err().key, key);
                assert_eq!(response.verify(TokensInBody::Access), Ok(()));
            }
        }
        let full = ResponseSettings::default();
        assert_eq!(full.verify(TokensInBody::Both), Ok(()));
    }

    #[test]
    fn fields_are_known_by_name() {
        assert_eq!(
            UserFields::of(["last_name", "username", "email", "first_name"]),
            Ok(UserFields::default())
        );
        assert!(!UserFields::of(["username"]).unwrap().email);
        for bad in [&["password"][..], &["email", "email"], &["pk"]] {
            assert!(UserFields::of(bad.iter().copied()).is_err(), "{bad:?}");
        }
    }
}
