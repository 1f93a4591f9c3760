//! One-time codes in links: what was made is read back, each has one spelling, and what is read is
//! what stands there.

use hardtack_core::one_time_code::{
    CodeId, CodeKey, CodePurpose, OneTimeCode, PresentedCode, parse_uid, uid,
};
use hardtack_core::refresh_token::Pepper;
use hardtack_core::{Timestamp, UserId};
use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::text::{Edit, Few, Piece, edited, spell};

const WORDS: &[&str] = &[
    "-",
    "--",
    "_",
    "+",
    "=",
    "/",
    "0",
    "00",
    "z",
    "Z",
    " ",
    "\0",
    "é",
    "1y2p0ij32e8e7",
    "1y2p0ij32e8e8",
    "AAAAAAAAAAAAAAAAAAAAAA",
    "AAAAAAAAAAAAAAAAAAAAAB",
    "00112233445566778899aabbccddeeff",
];

#[derive(Debug, TypeGenerator)]
enum Input {
    Key(Name, Few<Edit>),
    Token(Name, i64, Few<Edit>),
    /// The secret of one code behind the time of another.
    Mixed(Name, Name, u32),
    Uid(i64, Few<Edit>),
    Spelt(Vec<Piece>),
    Bytes(Vec<u8>),
}

#[derive(Debug, Clone, Copy, TypeGenerator)]
struct Name {
    id: [u8; 16],
    purpose: Purpose,
}

#[derive(Debug, Clone, Copy, TypeGenerator)]
enum Purpose {
    Verify,
    Reset,
    Change,
    Revert,
    Invite,
}

impl Name {
    fn purpose(self) -> CodePurpose {
        match self.purpose {
            Purpose::Verify => CodePurpose::VerifyEmail,
            Purpose::Reset => CodePurpose::ResetPassword,
            Purpose::Change => CodePurpose::ChangeEmail,
            Purpose::Revert => CodePurpose::RevertEmail,
            Purpose::Invite => CodePurpose::Invitation,
        }
    }

    fn code(self, key: &CodeKey) -> OneTimeCode {
        OneTimeCode::derive(key, self.purpose(), CodeId::from_bytes(self.id))
    }
}

/// docs/threat-model.md AU-9: what differs from a good code in anything is another code or none.
#[test]
fn a_code_is_what_its_link_says_and_has_one_spelling() {
    let pepper: Vec<u8> = (0..32).collect();
    let key = CodeKey::new(&Pepper::new(&pepper).unwrap());
    // It never changes, so a panic leaves nothing half done.
    let key = std::panic::AssertUnwindSafe(key);
    hardtack_fuzz::target!()
        .with_type::<Input>()
        .for_each(|input| match input {
            Input::Key(name, edits) => {
                let good = name.code(&key);
                let text = good.to_key();
                let text = text.expose_secret();
                let read = PresentedCode::parse_key(name.purpose(), text).unwrap();
                assert_eq!(read.hash, good.hash());
                let other = edited(text, edits, WORDS);
                if other != *text
                    && let Ok(read) = PresentedCode::parse_key(name.purpose(), &other)
                {
                    assert_ne!(read.hash, good.hash(), "a second spelling");
                }
                look_at(&other);
            }
            Input::Token(name, micros, edits) => {
                let good = name.code(&key);
                let at = Timestamp::from_unix_micros(*micros);
                let text = good.to_token(at);
                let text = text.expose_secret();
                let read = PresentedCode::parse_token(UserId::new(1), text).unwrap();
                assert_eq!(read.hash, good.hash());
                assert_eq!(read.created_at_seconds, Some(at.unix_seconds().max(0)));
                let other = edited(text, edits, WORDS);
                if other != *text
                    && let Ok(other) = PresentedCode::parse_token(UserId::new(1), &other)
                {
                    assert_ne!(read, other, "a second spelling");
                }
                look_at(&other);
            }
            Input::Mixed(name, other, seconds) => {
                let key_of_one = name.code(&key).to_key();
                let (one, another) = (name.code(&key).hash(), other.code(&key).hash());
                let is_same = name.id == other.id && name.purpose() == other.purpose();
                assert_eq!(one == another, is_same, "two codes with one secret");
                look_at(&format!("{seconds}-{}", key_of_one.expose_secret()));
            }
            Input::Uid(number, edits) => {
                let user = UserId::new(number.checked_abs().unwrap_or(0));
                let text = uid(user);
                assert_eq!(parse_uid(&text), Ok(user));
                look_at(&edited(&text, edits, WORDS));
            }
            Input::Spelt(pieces) => look_at(&spell(pieces, WORDS)),
            Input::Bytes(bytes) => look_at(&String::from_utf8_lossy(bytes)),
        });
}

/// Holds every parser against the plain description of what it takes.
fn look_at(text: &str) {
    let base36 = |text: &str| {
        let number = i64::from_str_radix(text, 36).ok();
        number.filter(|number| *number >= 0 && spelt(*number) == text)
    };
    assert_eq!(parse_uid(text).ok().map(UserId::as_i64), base36(text));

    let is_key = data_encoding::BASE64URL_NOPAD
        .decode(text.as_bytes())
        .is_ok_and(|bytes| bytes.len() == 16);
    let key = PresentedCode::parse_key(CodePurpose::VerifyEmail, text);
    assert_eq!(key.is_ok(), is_key, "{text}");

    let token = PresentedCode::parse_token(UserId::new(1), text).ok();
    let parts = text.rsplit_once('-').and_then(|(seconds, secret)| {
        let secret = data_encoding::HEXLOWER.decode(secret.as_bytes()).ok()?;
        (secret.len() == 16).then_some(())?;
        base36(seconds)
    });
    assert_eq!(
        token.and_then(|read| read.created_at_seconds),
        parts,
        "{text}"
    );
}

/// A number in base 36, the slow way.
fn spelt(number: i64) -> String {
    let digit = char::from_digit(u32::try_from(number % 36).unwrap(), 36).unwrap();
    match number / 36 {
        0 => digit.to_string(),
        rest => format!("{}{digit}", spelt(rest)),
    }
}
