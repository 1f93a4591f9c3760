//! Strings that Django 5.2 wrote (with argon2-cffi 25 and bcrypt 5), and strings that nobody should
//! have written.

use proptest::prelude::*;

use super::DjangoHash;
use crate::password::{HashCost, Hasher, Password, Verification};

const PLAIN: &str = "correct horse battery staple";
const UNICODE: &str = "pässwörd ☃ 🧀";
const SPACED: &str = " spaces kept ";
/// `ü` as two code points, `ガ` too: what some keyboards send.
const DECOMPOSED: &str = "Zu\u{308}rich-\u{30ab}\u{3099}\u{30e9}\u{30b9}";
/// As long as a password can be; the plain bcrypt string covers 72 characters of it.
const LONG: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

/// Passwords and strings made of them, at costs that tests can bear.
#[rustfmt::skip]
const WRITTEN_BY_DJANGO: [(&str, &str); 30] = [
    (PLAIN, "pbkdf2_sha256$2000$tnQTkPvOMEQVd0iTYPX78q$8gL8VnPXFcV/5qtPQytQJOZ3gM8mCMAmFNPQ0QFeGa8="),
    (UNICODE, "pbkdf2_sha256$2000$EkQWQVeaqCj0TRXHIpFmCJ$f5R/U9B/gBT9DPwnSdlSgRxF0AsGCS2i8pLnjI1BFcA="),
    (SPACED, "pbkdf2_sha256$2000$13rtDlxlb0J52YcfURLe6X$VACho7heL/EbxgwGe7VRvSsQJ1hBYV6agpgXSU84bMI="),
    (DECOMPOSED, "pbkdf2_sha256$2000$v9J7ku9c5jVGNCgt9yBsPx$skwXiLemz3Zl6Hdv9rNiv+qjhjKrmVI7IMCVlENFUi8="),
    (LONG, "pbkdf2_sha256$2000$wLOqhyFKaW8zZ9a1BmlJy8$Y8opGbDRSVhfWSR/LYyeGsjCZVhH0SFeuBzH19jDAWg="),
    (PLAIN, "pbkdf2_sha1$2000$OCAbWegGnZn3QQNHYrskI5$7Mk4rT4uW5BVSHS7SfYzuB5ZRzI="),
    (UNICODE, "pbkdf2_sha1$2000$NmlPynr3uYfAwEsSNhPEZV$53hUGDtdV1SzJM8keYuDQI9zB8A="),
    (SPACED, "pbkdf2_sha1$2000$GS4x6kWwAPVgP57TfLy6Ze$AWm2eJTcmF1UuEcBeJYJMlyKm6Q="),
    (DECOMPOSED, "pbkdf2_sha1$2000$hpHT9nKyJRejh8Y6akv8aw$HZ7+PXu+GpD9fbOKVnN+m72LHqg="),
    (LONG, "pbkdf2_sha1$2000$AuagoPRossgMOpTW2o2gSE$WEbj/cgclG9nsVLOmyoj7876kQs="),
    (PLAIN, "argon2$argon2id$v=19$m=64,t=1,p=2$M25PcXBVOVBVREllUEo2cWtIWmhXMw$ZZIlAX5LfzcTQR10GlCmosUTHSrNpmFRpYPXiXCXO0A"),
    (UNICODE, "argon2$argon2id$v=19$m=64,t=1,p=2$dWVueVFCME9tM0NseU1Ucm9mV1FYNA$LXoiwm7EWu7J/oPFJucU7xqA9yO0lhXTbYC3qRazx04"),
    (SPACED, "argon2$argon2id$v=19$m=64,t=1,p=2$aFNHQlFKbHRDSEhEQ3NpcWlHZHZHdg$lHDZtx+Et9fYRWXR3lmSWbh5FPy3Q9r+9nqJwTlXPlo"),
    (DECOMPOSED, "argon2$argon2id$v=19$m=64,t=1,p=2$OTlkR1RLV3FCRlBJMmV6WUdCQmg4eg$+cXsVG47NblGuWqmKXvYX0UvZtDJ6bg0jf4Pj6EvkNM"),
    (LONG, "argon2$argon2id$v=19$m=64,t=1,p=2$NzJVbldlWmNneTdZOXFSNWxLWnhQUg$nzo7AIiJ/uZUdARv/ASyc7JxIS6+msjUg8XB1d+RJA0"),
    (PLAIN, "bcrypt_sha256$$2b$04$EPbNR34uaGhvgTEqF4zsp.MMLw5zfuOwDAoY6zobsbFI7FFdgqCqa"),
    (UNICODE, "bcrypt_sha256$$2b$04$d98OxUGa8N9IQnxGnsz1C.V93WUWar8FxD6/l06e3rCywf5r76qVu"),
    (SPACED, "bcrypt_sha256$$2b$04$L3ZubKk29zz3GL2S1vk18e3YjL5E3pl3cwSvVgWevaeym86DNtVu."),
    (DECOMPOSED, "bcrypt_sha256$$2b$04$XgvG9.Z0M03k8V1lg03U1eIDaTuYnNsWJEGXhXUykJvXtSO8VXn3e"),
    (LONG, "bcrypt_sha256$$2b$04$GiDIQkNKqegMcEbs8voxv.nxDZjpIN3j2OhL6IVj85sKh2FVSg7ca"),
    (PLAIN, "bcrypt$$2b$04$8056/PSYWIkhvgASedG44unP808/HaG/ITcPAHihfKneB9z/rpIhq"),
    (UNICODE, "bcrypt$$2b$04$4cu602laah7HSSObskxZ7eUeHTyYNfF.xJL06XV/pJH6VDg8FkupO"),
    (SPACED, "bcrypt$$2b$04$xPncA4Wm7qoiUdD3uzlcb..K9HuGQoU2u2R/wBegV848UTZdhXKfy"),
    (DECOMPOSED, "bcrypt$$2b$04$OxtDAKa01gggd1tZKAekIO99uKA2SCMq7oJ6E2aJOadYO2ypXgk.K"),
    (LONG, "bcrypt$$2b$04$038Jy7wt7oQWB9aJrWznYu8qKUq8Lc0UORsavKT7i.YUdZb9tZRpO"),
    (PLAIN, "scrypt$16$MM8UVprD2L7U8nz9jrO5MY$8$2$X9YU2a2h07oFi5RtIdHAzPqHWHbeBmkF7C1ECK7a85iuanEHoBGP6ah5zFSYFJtuaHYns21x3gLHwbdVuw4dJQ=="),
    (UNICODE, "scrypt$16$OJNLWZxPTl3uWEYSfYpdbY$8$2$PAJf5SWX/TsX7JqXTjPEYV4ZzVyIEw3NjcnX0SkCQQFfgGvMZ56vvcxTCTfuOdeNUU0E16W3DBK5foipupczCg=="),
    (SPACED, "scrypt$16$UPMnrSOxDS0yX7j46a9oKP$8$2$iZqI82ylK8K5MnliqLqD9VbUmUvrFuCt+c9nntked2pMIH9lhkRvdF+0db7nS4hSjXx8PVqNJlsXHKal2BfOxw=="),
    (DECOMPOSED, "scrypt$16$JcJbFMg9mH9NPKtsyupKzv$8$2$8V3sC0Txslu8XI3vJM05yy/O24uyVkAeCHTbpwxTTx7kTjN/hZvF5oIpPEtSRMeg6AkmbTuefAnDnJSteVdkMw=="),
    (LONG, "scrypt$16$wJxqIIJ1foTWBolqKZRz79$8$2$lXiPnzAkfyrykYft051+TSNiBWsgL3OVcT4aaRWCxcS8aG8nKLR24X3S3jrqZa6jKuSUlH/PAq7vyg8eCBifsQ=="),
];

fn password(text: &str) -> Password {
    Password::parse(text.to_owned()).unwrap()
}

fn verify(text: &str, stored: &str) -> Verification {
    Hasher::new(HashCost::danger_cheap_for_tests()).verify(&password(text), Some(stored))
}

#[test]
fn what_django_wrote_opens_to_its_password_and_wants_a_new_hash() {
    for (text, stored) in WRITTEN_BY_DJANGO {
        assert_eq!(
            verify(text, stored),
            Verification::RightButOutdated,
            "{stored}"
        );
    }
}

#[test]
fn what_django_wrote_opens_to_no_other_password() {
    for (text, stored) in WRITTEN_BY_DJANGO {
        for other in [
            "",
            "wrong",
            &text.to_uppercase(),
            text.trim_start_matches([' ', 'x', 'c', 'p', 'Z']),
            &text[..1],
        ] {
            assert_eq!(verify(other, stored), Verification::Wrong, "{stored}");
        }
    }
}

/// Django's own costs of today, which an import is full of.
#[test]
fn strings_at_djangos_default_costs_are_within_the_bounds() {
    for stored in [
        "pbkdf2_sha256$1000000$XzJ2npuQrd3tIOeonMN6c0$ixxHnCUbc2LEobFnjS2y8rGwVyXoUOJCS7TJ2GBBZRk=",
        "argon2$argon2id$v=19$m=102400,t=2,p=8$MGV0UDFzVXpLNDNaTkxHSUR2dGFwdA$93Usnr9tKXEXW+dIC14oH6mL6PVJEH9ZeNB8ZGTaUg4",
        "bcrypt_sha256$$2b$12$2SuWLzbEHU3fAgXJ1oLzluK.mrsDeWooveEKHfRaV6889fQw6C142",
        "scrypt$16384$ecnwwtYmdO8RxK4kwSOIj1$8$5$qBl1iDiCDUbCZEGKMKGHCUFMRhip4c8Yf3+8a/s+mqS/tf/DI0KS4Xssm7FilVv5AJODoatKM0qQOXNljex4mA==",
    ] {
        assert_eq!(
            verify(PLAIN, stored),
            Verification::RightButOutdated,
            "{stored}"
        );
    }
}

/// To normalise before Django's hashes are compared would lock out whoever typed another form.
#[test]
fn django_strings_are_compared_with_the_text_as_typed() {
    let composed = "Z\u{fc}rich-\u{30ac}\u{30e9}\u{30b9}";
    for (text, stored) in WRITTEN_BY_DJANGO {
        if text == DECOMPOSED {
            assert_eq!(verify(composed, stored), Verification::Wrong, "{stored}");
        }
    }
}

/// Okta 2024, bcrypt looks at 72 bytes only: as Django did for the imported string, and never for
/// `bcrypt_sha256` or for the hash that replaces it.
#[test]
fn only_an_imported_plain_bcrypt_string_ends_at_72_bytes() {
    let other_end = LONG[..127].to_owned() + "y";
    for (text, stored) in WRITTEN_BY_DJANGO {
        if text != LONG {
            continue;
        }
        let expected = if stored.starts_with("bcrypt$") {
            Verification::RightButOutdated
        } else {
            Verification::Wrong
        };
        assert_eq!(verify(&other_end, stored), expected, "{stored}");
        assert_eq!(verify(&LONG[..71], stored), Verification::Wrong, "{stored}");
    }
}

#[test]
fn what_is_no_password_opens_to_nothing() {
    for stored in [
        "!",
        "!UBov8NLFGgUprtWpbnHf7ah7tflgRzWMfYjnHF9a",
        "",
        "$",
        "$$$$$$",
        "plain text",
        "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
        "unsalted_md5$$5f4dcc3b5aa765d61d8327deb882cf99",
        "argon2$",
        "argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
        "bcrypt$$2x$04$u0O2hsEPhJITwle3i8xy8eimExymKIPA8PKWu49LGvVY//o4thmPG",
        "bcrypt$$2b$04$u0O2hsEPhJITwle3i8xy8eimExymKIPA8PKWu49LGvVY//o4thmP",
        "pbkdf2_sha256$1$salt$",
        "pbkdf2_sha256$1$salt$AAAA",
        "pbkdf2_sha256$1$$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "scrypt$16$salt$8$1$",
    ] {
        for text in ["", "!", "anything"] {
            assert_eq!(verify(text, stored), Verification::Unusable, "{stored}");
        }
    }
}

/// An imported string that would keep a hash thread busy for hours, or take all memory.
#[test]
fn costs_beyond_the_bounds_are_refused() {
    let scrypt_tag = "A".repeat(86) + "==";
    let pbkdf2_tag = "A".repeat(43) + "=";
    let salt_and_hash = "u0O2hsEPhJITwle3i8xy8eimExymKIPA8PKWu49LGvVY//o4thmPG";
    for stored in [
        format!("pbkdf2_sha256$5000001$salt${pbkdf2_tag}"),
        format!("pbkdf2_sha256$4294967295$salt${pbkdf2_tag}"),
        format!("pbkdf2_sha256$99999999999999999999$salt${pbkdf2_tag}"),
        format!("pbkdf2_sha256$0$salt${pbkdf2_tag}"),
        format!("pbkdf2_sha256$-1$salt${pbkdf2_tag}"),
        format!("pbkdf2_sha256$1${}${pbkdf2_tag}", "s".repeat(1_000_000)),
        format!("pbkdf2_sha256$1$salt${}", "A".repeat(1_000_000)),
        format!("bcrypt$$2b$15${salt_and_hash}"),
        format!("bcrypt_sha256$$2b$31${salt_and_hash}"),
        format!("bcrypt$$2b$03${salt_and_hash}x"),
        format!("bcrypt$$2b$99${salt_and_hash}"),
        format!("scrypt$131072$salt$8$1${scrypt_tag}"),
        format!("scrypt$65536$salt$8$9${scrypt_tag}"),
        format!("scrypt$2$salt$4294967295$1${scrypt_tag}"),
        format!("scrypt$2$salt$1$4294967295${scrypt_tag}"),
        format!("scrypt$4294967295$salt$4294967295$4294967295${scrypt_tag}"),
        format!("scrypt$15$salt$8$1${scrypt_tag}"),
        format!("scrypt$1$salt$8$1${scrypt_tag}"),
        format!("scrypt$0$salt$8$1${scrypt_tag}"),
        "argon2$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        "argon2$argon2id$v=19$m=64,t=4294967295,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    ] {
        assert_eq!(
            verify("anything", &stored),
            Verification::Unusable,
            "{stored:.80}"
        );
    }
}

#[test]
fn no_single_character_of_a_string_can_be_changed() {
    for (text, stored) in WRITTEN_BY_DJANGO {
        if text != PLAIN || stored.starts_with("argon2") {
            continue;
        }
        for index in 0..stored.len() {
            for replacement in ["A", "$", "é"] {
                let mut changed = stored.to_owned();
                changed.replace_range(index..=index, replacement);
                let opens = DjangoHash::parse(&changed).is_some_and(|hash| hash.is_of(text));
                assert!(!opens || changed == stored, "{changed}");
            }
        }
    }
}

proptest! {
    #[test]
    fn garbage_never_panics(
        kind in prop_oneof![
            Just(""), Just("argon2"), Just("bcrypt$"), Just("bcrypt_sha256$"), Just("scrypt"),
            Just("pbkdf2_sha256"), Just("pbkdf2_sha1"), Just("$argon2id"), Just("bcrypt$$2b"),
        ],
        fields in prop::collection::vec(
            prop_oneof![".{0,70}", "[0-9]{1,12}", "[A-Za-z0-9+/=.]{0,90}", "m=[0-9]{1,11},t=[0-9]{1,11},p=[0-9]{1,11}"],
            0..8,
        ),
    ) {
        let text = format!("{kind}${}", fields.join("$"));
        // Only reads it: what is read may cost a second.
        let _ = DjangoHash::parse(&text);
        let _ = crate::password::phc::Argon2Hash::parse(&text);
    }
}
