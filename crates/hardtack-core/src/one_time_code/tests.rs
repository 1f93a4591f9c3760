//! What a code is, spelling by spelling.

use super::*;

fn key(first: u8) -> CodeKey {
    let bytes: Vec<u8> = (0..32).map(|index| first.wrapping_add(index)).collect();
    CodeKey::new(&Pepper::new(&bytes).unwrap())
}

struct Counting;

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(index).unwrap();
        }
    }
}

const ID: CodeId = CodeId::from_bytes([7; 16]);
const AT: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

fn code(purpose: CodePurpose) -> OneTimeCode {
    OneTimeCode::derive(&key(0), purpose, ID)
}

#[test]
fn what_the_store_is_told_is_what_the_link_will_say() {
    for (purpose, _) in CodePurpose::ALL {
        let new = NewCode::draw(&key(0), purpose, &Counting);
        let in_link = OneTimeCode::derive(&key(0), purpose, new.id).to_key();
        let presented = PresentedCode::parse_key(purpose, in_link.expose_secret()).unwrap();
        assert_eq!(presented.hash, new.hash);
        assert_eq!(new.lifetime, purpose.lifetime());
    }
}

/// A link of one kind that is taken to the door of another (docs/threat-model.md TK-5).
#[test]
fn a_code_of_one_purpose_is_nothing_for_another() {
    let hashes: std::collections::BTreeSet<_> = CodePurpose::ALL
        .map(|(purpose, _)| code(purpose).hash())
        .into();
    assert_eq!(hashes.len(), CodePurpose::ALL.len());
    let verify = code(CodePurpose::VerifyEmail);
    assert!(verify.is(&key(0), CodePurpose::VerifyEmail, ID));
    assert!(!verify.is(&key(0), CodePurpose::ResetPassword, ID));
}

/// Whoever steals the database has every id and every hash.
#[test]
fn another_pepper_makes_other_codes() {
    let ours = code(CodePurpose::ResetPassword);
    let theirs = OneTimeCode::derive(&key(1), CodePurpose::ResetPassword, ID);
    assert_ne!(ours.hash(), theirs.hash());
    assert!(!theirs.is(&key(0), CodePurpose::ResetPassword, ID));
}

#[test]
fn a_token_has_the_form_of_django() {
    let user = UserId::new(71);
    assert_eq!(uid(user), "1z");
    let token = code(CodePurpose::ResetPassword).to_token(AT);
    let (seconds, secret) = token.expose_secret().split_once('-').unwrap();
    assert_eq!((seconds, secret.len()), ("tro8w0", 32));
    assert_eq!(
        PresentedCode::parse_token(user, token.expose_secret()),
        Ok(PresentedCode {
            purpose: CodePurpose::ResetPassword,
            hash: code(CodePurpose::ResetPassword).hash(),
            user: Some(user),
            created_at_seconds: Some(1_800_000_000),
        })
    );
}

#[test]
fn a_uid_has_one_spelling() {
    for number in [0, 1, 35, 36, 1_295, 1_296, i64::MAX] {
        let user = UserId::new(number);
        assert_eq!(parse_uid(&uid(user)), Ok(user));
    }
    for bad in [
        "",
        "00",
        "01",
        "-1",
        "+1",
        "A",
        "1 ",
        "1\0",
        "é",
        "1y2p0ij32e8e8",
    ] {
        assert_eq!(parse_uid(bad), Err(NotACode), "{bad:?}");
    }
}

#[test]
fn other_spellings_of_a_good_token_are_refused() {
    let token = code(CodePurpose::ResetPassword).to_token(AT);
    let text = token.expose_secret();
    for spelling in [
        text.to_uppercase(),
        text.replacen('-', "", 1),
        text.replacen('-', "--", 1),
        format!("0{text}"),
        format!("-{text}"),
        format!("+{text}"),
        format!("{text} "),
        format!("{text}0"),
        text[1..].replacen('-', "-0", 1),
        "x".repeat(1_000_000),
        String::new(),
    ] {
        assert_eq!(
            PresentedCode::parse_token(UserId::new(1), &spelling),
            Err(NotACode),
            "{spelling:.80}"
        );
    }
}

#[test]
fn other_spellings_of_a_good_key_are_refused() {
    let key = code(CodePurpose::VerifyEmail).to_key();
    let text = key.expose_secret();
    let parse = |text: &str| PresentedCode::parse_key(CodePurpose::VerifyEmail, text);
    assert!(parse(text).is_ok());
    // The last character carries two bits; the other four are spare.
    let spare = ["B", "C", "D", "E"].map(|last| format!("{}{last}", &text[..21]));
    let spellings = [
        format!("{text}="),
        format!("{text}=="),
        format!(" {text}"),
        format!("{text}\n"),
        text[..21].to_owned(),
        "+".repeat(22),
        "é".repeat(11),
        "A".repeat(1_000_000),
        String::new(),
    ];
    for spelling in spellings.into_iter().chain(spare) {
        assert_eq!(parse(&spelling), Err(NotACode), "{spelling:.80}");
    }
}

#[test]
fn a_code_does_not_print_itself() {
    let code = code(CodePurpose::ResetPassword);
    let (key_text, token) = (code.to_key(), code.to_token(AT));
    assert_eq!(
        format!("{code:?} {key_text:?} {token:?} {:?}", key(0)),
        "OneTimeCode([redacted]) [redacted] [redacted] CodeKey([redacted])"
    );
}

#[test]
fn every_purpose_has_a_word_of_its_own() {
    for (purpose, code) in CodePurpose::ALL {
        assert_eq!(purpose.code(), code);
        assert_eq!(CodePurpose::from_code(code), Some(purpose));
    }
    assert_eq!(CodePurpose::from_code("login"), None);
}
