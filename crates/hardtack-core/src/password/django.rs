//! The strings in which Django keeps passwords (`django.contrib.auth.hashers`), all but its Argon2,
//! which is a PHC string behind the word `argon2`.
//!
//! An import brings strings that somebody else wrote, so each has a bound on what verifying it may
//! cost: about a second of one processor core, and 64 MiB.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, pbkdf2};
use data_encoding::{BASE64, HEXLOWER};
use subtle::ConstantTimeEq;

use super::phc::parse_cost;

/// Five times the default of Django 5.2.
const MOST_PBKDF2_ITERATIONS: u32 = 5_000_000;
/// Four times the work of Django's 12.
const MOST_BCRYPT_COST: u32 = 14;
/// Four times the memory of Django's default (`N` = 2^14, `r` = 8).
const MOST_SCRYPT_BYTES: u64 = 64 * 1024 * 1024;
/// Memory times lanes, which are computed one after the other.
const MOST_SCRYPT_WORK: u64 = 8 * MOST_SCRYPT_BYTES;

/// Far more than Django ever writes (22 characters).
const MOST_SALT_BYTES: usize = 128;

const SCRYPT_TAG_BYTES: usize = 64;

/// A hash that Django made of some password. Salts are hashed as the characters they are written
/// in, not as what these could encode.
pub(super) enum DjangoHash<'text> {
    /// `pbkdf2_sha256$iterations$salt$hash`, and `pbkdf2_sha1` likewise.
    Pbkdf2 {
        algorithm: pbkdf2::Algorithm,
        iterations: NonZeroU32,
        salt: &'text str,
        tag: Vec<u8>,
    },
    /// `bcrypt_sha256$$2b$cost$salt-and-hash`: bcrypt over the digest in hexadecimal.
    BcryptOfSha256(&'text str),
    /// `bcrypt$$2b$cost$salt-and-hash`: looks at the first 72 bytes of the password.
    Bcrypt(&'text str),
    /// `scrypt$n$salt$r$p$hash`.
    Scrypt {
        params: scrypt::Params,
        salt: &'text str,
        tag: Vec<u8>,
    },
}

impl<'text> DjangoHash<'text> {
    /// Reads `text`, which anybody may have written: `None` for everything that is no such string,
    /// or costs too much. Django's mark for "no password" (`!` and random letters) is none.
    pub(super) fn parse(text: &'text str) -> Option<Self> {
        let (kind, rest) = text.split_once('$')?;
        match kind {
            "pbkdf2_sha256" => {
                parse_pbkdf2(pbkdf2::PBKDF2_HMAC_SHA256, digest::SHA256_OUTPUT_LEN, rest)
            }
            "pbkdf2_sha1" => parse_pbkdf2(
                pbkdf2::PBKDF2_HMAC_SHA1,
                digest::SHA1_FOR_LEGACY_USE_ONLY.output_len(),
                rest,
            ),
            "bcrypt_sha256" => parse_bcrypt(rest).map(Self::BcryptOfSha256),
            "bcrypt" => parse_bcrypt(rest).map(Self::Bcrypt),
            "scrypt" => parse_scrypt(rest),
            _ => None,
        }
    }

    /// Was it made of `text`, as typed?
    ///
    /// Of a bcrypt string only the first 72 bytes of the password can be known, so whatever follows
    /// them is accepted, as Django did: to refuse would lock out whoever has a long password. The
    /// hash that replaces the string at this login covers every byte.
    pub(super) fn is_of(&self, text: &str) -> bool {
        match self {
            Self::Pbkdf2 {
                algorithm,
                iterations,
                salt,
                tag,
            } => pbkdf2::verify(
                *algorithm,
                *iterations,
                salt.as_bytes(),
                text.as_bytes(),
                tag,
            )
            .is_ok(),
            Self::BcryptOfSha256(hash) => {
                let digest = digest::digest(&digest::SHA256, text.as_bytes());
                bcrypt::verify(HEXLOWER.encode(digest.as_ref()), hash).unwrap_or(false)
            }
            Self::Bcrypt(hash) => bcrypt::verify(text, hash).unwrap_or(false),
            Self::Scrypt { params, salt, tag } => {
                let mut made = [0; SCRYPT_TAG_BYTES];
                scrypt::scrypt(text.as_bytes(), salt.as_bytes(), params, &mut made).is_ok()
                    && made.as_slice().ct_eq(tag).into()
            }
        }
    }
}

fn parse_pbkdf2(
    algorithm: pbkdf2::Algorithm,
    tag_bytes: usize,
    text: &str,
) -> Option<DjangoHash<'_>> {
    let [iterations, salt, tag] = fields(text)?;
    Some(DjangoHash::Pbkdf2 {
        algorithm,
        iterations: NonZeroU32::new(parse_cost(iterations, MOST_PBKDF2_ITERATIONS)?)?,
        salt: parse_salt(salt)?,
        tag: parse_tag(tag, tag_bytes)?,
    })
}

/// Gives back `text` if bcrypt can read it and its cost is bearable.
fn parse_bcrypt(text: &str) -> Option<&str> {
    // `2x` marks hashes of a broken implementation, which bcrypt here would not reproduce.
    if !["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|version| text.starts_with(version))
    {
        return None;
    }
    let parts: bcrypt::HashParts = text.parse().ok()?;
    (parts.get_cost() <= MOST_BCRYPT_COST).then_some(text)
}

fn parse_scrypt(text: &str) -> Option<DjangoHash<'_>> {
    let [n, salt, r, p, tag] = fields(text)?;
    let (n, r, p) = (
        parse_cost(n, u32::MAX)?,
        parse_cost(r, u32::MAX)?,
        parse_cost(p, u32::MAX)?,
    );
    let bytes = u64::from(n).checked_mul(u64::from(r))?.checked_mul(128)?;
    let work = bytes.checked_mul(u64::from(p))?;
    if n < 2 || !n.is_power_of_two() || bytes > MOST_SCRYPT_BYTES || work > MOST_SCRYPT_WORK {
        return None;
    }
    let log_n = u8::try_from(n.trailing_zeros()).ok()?;
    Some(DjangoHash::Scrypt {
        params: scrypt::Params::new(log_n, r, p).ok()?,
        salt: parse_salt(salt)?,
        tag: parse_tag(tag, SCRYPT_TAG_BYTES)?,
    })
}

/// Exactly `N` fields between `$`.
fn fields<const N: usize>(text: &str) -> Option<[&str; N]> {
    let mut split = text.split('$');
    let mut fields = [""; N];
    for field in &mut fields {
        *field = split.next()?;
    }
    split.next().is_none().then_some(fields)
}

fn parse_salt(text: &str) -> Option<&str> {
    (1..=MOST_SALT_BYTES).contains(&text.len()).then_some(text)
}

fn parse_tag(text: &str, bytes: usize) -> Option<Vec<u8>> {
    // Refused before it is decoded, and never shorter: a part of a hash is easier to meet.
    if text.len() != BASE64.encode_len(bytes) {
        return None;
    }
    let tag = BASE64.decode(text.as_bytes()).ok()?;
    (tag.len() == bytes).then_some(tag)
}

#[cfg(test)]
mod tests;
