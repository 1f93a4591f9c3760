//! Argon2 strings in the PHC format: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.

use argon2::{Algorithm, Params, Version};
use data_encoding::BASE64_NOPAD;

use super::HashCost;

/// Salts that we draw (RFC 9106 §3.1 asks for 16 bytes).
pub(super) const SALT_BYTES: usize = 16;
/// Hashes that we make.
pub(super) const TAG_BYTES: usize = 32;

const SALT_RANGE: std::ops::RangeInclusive<usize> = argon2::MIN_SALT_LEN..=64;
/// A shorter tag could be met by chance.
const TAG_RANGE: std::ops::RangeInclusive<usize> = 16..=64;

/// An Argon2 hash of some password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Argon2Hash {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) params: Params,
    pub(super) salt: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

impl Argon2Hash {
    /// What today's hash at `cost` under `salt` looks like, before `tag` is computed.
    pub(super) fn blank(cost: HashCost, salt: [u8; SALT_BYTES]) -> Option<Self> {
        Some(Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: params(cost.memory_kib(), cost.iterations(), cost.parallelism())?,
            salt: salt.to_vec(),
            tag: vec![0; TAG_BYTES],
        })
    }

    /// Reads `text`, which anybody may have written: `None` for everything that is no such hash,
    /// or costs more than [`HashCost::MAXIMUM`].
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix('$')?.split('$');
        let algorithm = match fields.next()? {
            "argon2id" => Algorithm::Argon2id,
            "argon2i" => Algorithm::Argon2i,
            "argon2d" => Algorithm::Argon2d,
            _ => return None,
        };
        let mut field = fields.next()?;
        // The field is missing from strings older than version 0x13.
        let version = match field.strip_prefix("v=") {
            None => Version::V0x10,
            Some(version) => {
                field = fields.next()?;
                match version {
                    "16" => Version::V0x10,
                    "19" => Version::V0x13,
                    _ => return None,
                }
            }
        };
        let mut costs = field.split(',');
        let mut cost = |name: &str, most: u32| {
            let number = costs.next()?.strip_prefix(name)?.strip_prefix('=')?;
            parse_cost(number, most)
        };
        let most = HashCost::MAXIMUM;
        let params = params(
            cost("m", most.memory_kib())?,
            cost("t", most.iterations())?,
            cost("p", most.parallelism())?,
        )?;
        let salt = decode(fields.next()?, &SALT_RANGE)?;
        let tag = decode(fields.next()?, &TAG_RANGE)?;
        if costs.next().is_some() || fields.next().is_some() {
            return None;
        }
        Some(Self {
            algorithm,
            version,
            params,
            salt,
            tag,
        })
    }

    /// Is it what we would make today? Not "as strong": a stronger one would tell by its time that
    /// the user exists, for what [`verify`](super::Hasher::verify) does for nobody costs what today's
    /// does.
    pub(super) fn is_todays(&self, cost: HashCost) -> bool {
        Self::blank(cost, [0; SALT_BYTES]).is_some_and(|today| {
            (self.algorithm, self.version, &self.params)
                == (today.algorithm, today.version, &today.params)
                && (self.salt.len(), self.tag.len()) == (SALT_BYTES, TAG_BYTES)
        })
    }
}

impl std::fmt::Display for Argon2Hash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "${}$v={}$m={},t={},p={}${}${}",
            self.algorithm.as_str(),
            u32::from(self.version),
            self.params.m_cost(),
            self.params.t_cost(),
            self.params.p_cost(),
            BASE64_NOPAD.encode(&self.salt),
            BASE64_NOPAD.encode(&self.tag),
        )
    }
}

/// `None` where Argon2 itself forbids it (eight blocks for each lane).
fn params(memory_kib: u32, iterations: u32, parallelism: u32) -> Option<Params> {
    Params::new(memory_kib, iterations, parallelism, None).ok()
}

/// A decimal number without sign or leading zero, from 1 to `most`.
pub(super) fn parse_cost(text: &str, most: u32) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    let canonical = text.starts_with(|first: char| ('1'..='9').contains(&first));
    (canonical && number <= most).then_some(number)
}

fn decode(text: &str, lengths: &std::ops::RangeInclusive<usize>) -> Option<Vec<u8>> {
    // Refused before it is decoded: base64 takes four characters for three bytes.
    if text.len() > lengths.end() * 4 / 3 + 3 {
        return None;
    }
    let bytes = BASE64_NOPAD.decode(text.as_bytes()).ok()?;
    lengths.contains(&bytes.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn what_is_written_is_read_back() {
        let hash = Argon2Hash::blank(HashCost::default(), [0; SALT_BYTES]).unwrap();
        assert_eq!(hash.to_string(), OURS);
        assert_eq!(Argon2Hash::parse(OURS), Some(hash));
    }

    #[test]
    fn other_costs_kinds_and_lengths_are_not_todays() {
        let todays = |text: &str| {
            Argon2Hash::parse(text)
                .unwrap()
                .is_todays(HashCost::default())
        };
        assert!(todays(OURS));
        for (from, to) in [
            ("m=19456", "m=19457"),
            ("t=2", "t=3"),
            ("p=1", "p=2"),
            ("argon2id", "argon2i"),
            ("$v=19", ""),
            ("$v=19", "$v=16"),
            ("AAAAAAAAAAAAAAAAAAAAAA$", "AAAAAAAAAAA$"),
        ] {
            assert!(!todays(&OURS.replacen(from, to, 1)), "{to}");
        }
    }

    /// A string in an import that would take the memory or the processor of the whole machine.
    #[test]
    fn hostile_costs_and_malformed_strings_are_not_read() {
        for (from, to) in [
            ("m=19456", "m=4294967295"),
            ("m=19456", "m=262145"),
            ("m=19456", "m=0"),
            ("m=19456", "m=7"),
            ("m=19456", "m=+19456"),
            ("m=19456", "m=019456"),
            ("m=19456", "m="),
            ("t=2", "t=11"),
            ("t=2", "t=0"),
            ("p=1", "p=17"),
            ("p=1", "p=0"),
            ("p=1", "p=1,data=AAAA"),
            ("m=19456,t=2", "t=2,m=19456"),
            ("v=19", "v=18"),
            ("argon2id", "argon2x"),
            ("$argon2id", "argon2id"),
            ("AAAAAAAAAAAAAAAAAAAAAA$", "AAAA$"),
            ("AAAAAAAAAAAAAAAAAAAAAA$", "AAAAAAAAAAAAAAAAAAAAAB$"),
            ("AAAAAAAAAAAAAAAAAAAAAA$", "AAAAAAAAAAAAAAAAAAAAA!$"),
            ("AAAAAAAAAAAAAAAAAAAAAA$", "AAAAAAAAAAAAAAAAAAAAAA$$"),
        ] {
            let text = OURS.replacen(from, to, 1);
            assert_eq!(Argon2Hash::parse(&text), None, "{text}");
        }
        let long_salt = OURS.replacen("AAAAAAAAAAAAAAAAAAAAAA$", &("A".repeat(100_000) + "$"), 1);
        assert_eq!(Argon2Hash::parse(&long_salt), None);
        assert_eq!(Argon2Hash::parse(&format!("{OURS}$")), None);
        assert_eq!(Argon2Hash::parse(""), None);
    }
}
