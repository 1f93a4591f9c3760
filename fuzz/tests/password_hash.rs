//! Stored password strings, ours and Django's: what they cost is bounded by what they say, and no
//! change to one opens it to another password.

use std::panic::AssertUnwindSafe;

use hardtack_core::password::{HashCost, Hasher, Password, Verification};
use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::forge::Ones;
use hardtack_fuzz::text::{Edit, Few, Piece, edited, spell};

/// Strings of the password `right` at the lowest costs, made by Python and by libxcrypt.
const DJANGOS: [&str; 5] = [
    "pbkdf2_sha256$1$salt$ROyM/iuk2SczHFjYoqDME9bx8b2aVf2IJuvZ0qLnUd8=",
    "pbkdf2_sha1$1$salt$7o9CVDPRrSZ7kItjmIOfA4z5EVA=",
    "bcrypt$$2b$04$abcdefghijklmnopqrstuuFmEfrkTQnczNzw475xE2VhDrK1uwJiC",
    "bcrypt_sha256$$2b$04$abcdefghijklmnopqrstuueYekAlxItPLe7JoxPNrzjOAtK6n2qVC",
    "scrypt$2$salt$1$1$OTNHoki/8WV2TefYmC0gFAoz/Au9RNgndCxAJRK9EO+TaworrZTVk/ZhMZJmcwnFfObH7ogIsZUNEM0QEUtlOg==",
];
const WORDS: &[&str] = &[
    "$",
    "$$",
    ",",
    "=",
    "m=",
    "t=",
    "p=",
    "v=19",
    "v=16",
    "argon2",
    "argon2id",
    "argon2i",
    "argon2d",
    "$argon2id$v=19$m=64,t=1,p=1$",
    "AQEBAQEBAQEBAQEBAQEBAQ",
    "pbkdf2_sha256$",
    "pbkdf2_sha1$",
    "bcrypt$",
    "bcrypt_sha256$",
    "scrypt$",
    "$2b$04$",
    "$2a$",
    "$2x$",
    "$2y$31$",
    "1",
    "2",
    "16384",
    "4294967295",
    "262145",
    "99999999999999999999",
    "+1",
    "-1",
    "01",
    "A",
    "AA==",
    "abcdefghijklmnopqrstuu",
    "FmEfrkTQnczNzw475xE2VhDrK1uwJiC",
    "é",
    "\0",
    "!",
    "data=AAAA",
    "/",
];

#[derive(Debug, TypeGenerator)]
enum Input {
    Tampered(u8, Few<Edit>),
    /// A good string whose numbers are others.
    Costs(u8, [Cost; 3]),
    Spelt(Vec<Piece>),
    Bytes(Vec<u8>),
}

/// A power of two and a little, since that is where the bounds are.
#[derive(Debug, Clone, Copy, TypeGenerator)]
enum Cost {
    Same,
    Power(u8, i8),
    Any(u32),
}

impl Cost {
    fn of(self, number: &str) -> String {
        match self {
            Self::Same => number.to_owned(),
            Self::Power(bits, more) => ((1_i64 << (bits % 34)) + i64::from(more % 3)).to_string(),
            Self::Any(number) => number.to_string(),
        }
    }
}

/// docs/threat-model.md AU-1: an import cannot bring a string that takes the machine, or opens to anything.
#[test]
fn a_string_opens_to_its_password_only_and_at_a_bounded_cost() {
    let password = |text: &str| Password::parse(text.to_owned()).unwrap();
    // Both are only read, and what the hasher keeps is scratch memory.
    let (right, wrong) = (
        AssertUnwindSafe(password("right")),
        AssertUnwindSafe(password("wrong")),
    );
    let mut hasher = AssertUnwindSafe(Hasher::new(HashCost::danger_cheap_for_tests()));
    let ours = hasher.hash(&right, &Ones).unwrap();
    let stored: Vec<String> = [ours.clone(), format!("argon2{ours}")]
        .into_iter()
        .chain(DJANGOS.map(str::to_owned))
        .collect();
    let hasher = std::cell::RefCell::new(hasher);
    let hasher = AssertUnwindSafe(hasher);
    hardtack_fuzz::target!()
        .with_type::<Input>()
        .for_each(|input| {
            let text = match input {
                Input::Tampered(which, edits) => {
                    edited(&stored[usize::from(*which) % stored.len()], edits, WORDS)
                }
                Input::Costs(which, costs) => {
                    let stored = &stored[usize::from(*which) % stored.len()];
                    with_costs(stored, costs)
                }
                Input::Spelt(pieces) => spell(pieces, WORDS),
                Input::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            };
            let claimed = claimed(&text);
            if claimed == Claimed::Dear {
                return;
            }
            let mut hasher = hasher.borrow_mut();
            let opens = hasher.verify(&right, Some(&text));
            if claimed == Claimed::TooDear {
                assert_eq!(opens, Verification::Unusable, "{text}");
            }
            if stored.contains(&text) {
                assert!(matches!(
                    opens,
                    Verification::Right | Verification::RightButOutdated
                ));
            }
            if opens != Verification::Unusable {
                assert_eq!(
                    hasher.verify(&wrong, Some(&text)),
                    Verification::Wrong,
                    "{text}"
                );
            }
            assert!(
                hasher.kept_bytes() <= 64 * 1024,
                "a dear string's memory was kept"
            );
        });
}

/// The string with other numbers in the places of its costs, in their order.
fn with_costs(stored: &str, costs: &[Cost; 3]) -> String {
    let mut costs = costs.iter();
    let mut is_cost = |part: &str| {
        let number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        // 19 is the version.
        (number && part != "19")
            .then(|| costs.next().copied())
            .flatten()
    };
    stored
        .split_inclusive(['$', ',', '='])
        .map(|piece| {
            let end = piece.trim_end_matches(['$', ',', '=']).len();
            let (part, separator) = piece.split_at(end);
            match is_cost(part) {
                Some(cost) => cost.of(part) + separator,
                None => piece.to_owned(),
            }
        })
        .collect()
}

#[derive(Debug, PartialEq)]
enum Claimed {
    /// Fit to be tried in passing.
    Cheap,
    /// Bearable at a login, and too slow to be tried a thousand times a second.
    Dear,
    /// More than anybody may be made to pay, or nothing that could be read.
    TooDear,
}

/// What a string says that it costs, read as generously as can be.
fn claimed(text: &str) -> Claimed {
    let judge = |readable: bool, cheap: bool| match (readable, cheap) {
        (false, _) => Claimed::TooDear,
        (true, true) => Claimed::Cheap,
        (true, false) => Claimed::Dear,
    };
    let number = |text: &str| text.parse::<u128>().unwrap_or(u128::MAX);
    let fields: Vec<&str> = text.split('$').collect();
    match fields[..] {
        ["pbkdf2_sha256" | "pbkdf2_sha1", iterations, ..] => {
            let iterations = number(iterations);
            judge(iterations <= 5_000_000, iterations <= 1000)
        }
        ["bcrypt" | "bcrypt_sha256", "", _, cost, ..] => {
            let cost = number(cost);
            judge(cost <= 14, cost <= 4)
        }
        ["scrypt", n, _, r, p, ..] => {
            let bytes = number(n).saturating_mul(number(r)).saturating_mul(128);
            let work = bytes.saturating_mul(number(p));
            let mebibyte = 1 << 20;
            judge(
                bytes <= 64 * mebibyte && work <= 512 * mebibyte,
                work <= mebibyte / 16,
            )
        }
        [
            "" | "argon2",
            "argon2id" | "argon2i" | "argon2d",
            ref rest @ ..,
        ] => {
            let costs = rest.iter().find(|field| field.starts_with("m="));
            let cost = |name: &str| {
                let found = costs?.split(',').find_map(|cost| cost.strip_prefix(name))?;
                Some(number(found))
            };
            let (Some(memory), Some(passes), Some(lanes)) = (cost("m="), cost("t="), cost("p="))
            else {
                return Claimed::TooDear;
            };
            judge(
                memory <= 256 * 1024 && passes <= 10 && lanes <= 16,
                memory <= 256 && passes <= 2,
            )
        }
        _ => Claimed::TooDear,
    }
}
