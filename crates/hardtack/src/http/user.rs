//! `user/`: GET who I am, PUT and PATCH what is mine to change.

use axum::extract::State;
use axum::response::Response;
use hardtack_core::UserId;
use hardtack_core::user::{NameError, User, Username};
use hardtack_guard::Refusal;
use hardtack_store::{NameTaken, ProfileChange, Store};
use http::StatusCode;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::error::{ApiError, json_response};
use super::extract::Caller;
use super::fields::{FieldFaults, Fields, TextRule};
use crate::flow::profile::ChangeProfileError;
use crate::hardtack::Hardtack;
use crate::settings::{ResponseSettings, UserFields, UserKey};

const BAD_USERNAME: &str = "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";
const TOO_LONG: &str = "Ensure this field has no more than 150 characters.";
/// First and last name, in characters.
const LONGEST_NAME: usize = 150;

/// A user as the contract's JSON shows one. What else is known stays inside.
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = User))]
pub(super) struct UserJson<'a> {
    pk: i64,
    username: &'a str,
    email: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    #[cfg_attr(test, schema(ignore))]
    shape: (UserKey, UserFields),
}

impl<'a> UserJson<'a> {
    /// In the shape that front-ends were told of.
    pub(super) fn of(user: &'a User, response: &ResponseSettings) -> Self {
        Self {
            pk: user.id.as_i64(),
            username: user.username.as_str(),
            email: user.email.as_str(),
            first_name: &user.first_name,
            last_name: &user.last_name,
            shape: (response.user_key, response.user_fields),
        }
    }
}

impl Serialize for UserJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, told) = self.shape;
        let mut map = serializer.serialize_map(None)?;
        let key = match key {
            UserKey::Pk => "pk",
            UserKey::Id => "id",
        };
        map.serialize_entry(key, &self.pk)?;
        for (is_told, name, value) in [
            (told.username, "username", self.username),
            (told.email, "email", self.email),
            (told.first_name, "first_name", self.first_name),
            (told.last_name, "last_name", self.last_name),
        ] {
            if is_told {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

pub(super) async fn show<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    Caller(caller): Caller,
) -> Result<Response, ApiError> {
    let user = present(&hardtack, caller.user).await?;
    Ok(json_response(
        StatusCode::OK,
        &UserJson::of(&user, &hardtack.settings().response),
    ))
}

/// PUT demands the user name and leaves absent optional fields alone.
pub(super) async fn replace<S: Store>(
    state: State<Hardtack<S>>,
    caller: Caller,
    fields: Fields,
) -> Result<Response, ApiError> {
    save(state, caller, fields, TextRule::REQUIRED).await
}

/// PATCH changes what is there.
pub(super) async fn change<S: Store>(
    state: State<Hardtack<S>>,
    caller: Caller,
    fields: Fields,
) -> Result<Response, ApiError> {
    save(
        state,
        caller,
        fields,
        TextRule {
            required: false,
            ..TextRule::REQUIRED
        },
    )
    .await
}

/// Takes the three fields that are the user's to change and no other (ASVS 5.0 §15.3.3).
async fn save<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    Caller(caller): Caller,
    mut fields: Fields,
    username_rule: TextRule,
) -> Result<Response, ApiError> {
    let username = username(&mut fields, username_rule);
    let rule = TextRule::OPTIONAL.at_most(LONGEST_NAME);
    let first_name = fields.text("first_name", rule);
    let last_name = fields.text("last_name", rule);
    fields.finish()?;
    let change = ProfileChange {
        username,
        first_name,
        last_name,
    };
    let changed = hardtack.change_profile(caller.user, change).await?;
    Ok(json_response(
        StatusCode::OK,
        &UserJson::of(&changed, &hardtack.settings().response),
    ))
}

/// A new user name.
pub(super) fn username(fields: &mut Fields, rule: TextRule) -> Option<Username> {
    let text = fields.text("username", rule.at_most(Username::MAX_CHARS))?;
    match Username::parse(&text) {
        Ok(username) => Some(username),
        Err(NameError::TooLong) => fields.fault("username", TOO_LONG),
        Err(_) => fields.fault("username", BAD_USERNAME),
    }
}

/// The user behind a verified token, who may have been deleted a moment ago.
async fn present<S: Store>(hardtack: &Hardtack<S>, id: UserId) -> Result<User, ApiError> {
    match hardtack.find_user(id).await? {
        None => Err(Refusal::UserNotFound.into()),
        Some(user) if user.state == hardtack_core::user::UserState::Disabled => {
            Err(Refusal::UserInactive.into())
        }
        Some(user) => Ok(user),
    }
}

impl From<ChangeProfileError> for ApiError {
    fn from(error: ChangeProfileError) -> Self {
        match error {
            ChangeProfileError::Taken(NameTaken::Username | NameTaken::Email) => Self::Fields(
                FieldFaults::of("username", "A user with that username already exists."),
            ),
            ChangeProfileError::UserGone => Refusal::UserNotFound.into(),
            ChangeProfileError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}
