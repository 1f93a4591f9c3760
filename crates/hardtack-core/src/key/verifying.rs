//! The half of a key that verifies, and its public form (RFC 7517 §4, RFC 7518 §6).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use aws_lc_rs::{digest, hmac};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;

use super::{Algorithm, KeyError};
use crate::jws;

/// A key that verifies, with the one algorithm it verifies. Cloning shares it.
#[derive(Clone)]
pub struct VerifyingKey(Arc<Inner>);

struct Inner {
    kid: String,
    algorithm: Algorithm,
    /// The first segment of the access tokens that this house signs with it.
    access_token_header: String,
    material: Material,
}

enum Material {
    Public(ParsedPublicKey, PublicMembers),
    // Boxed: its state is ten times the size of the other.
    Shared(Box<hmac::Key>),
}

/// The public members of a JWK. The order is that of RFC 7638 §3.2, so that their JSON is what
/// the thumbprint is taken over.
#[derive(Serialize)]
#[serde(untagged)]
enum PublicMembers {
    Ec {
        crv: &'static str,
        kty: &'static str,
        x: String,
        y: String,
    },
    Okp {
        crv: &'static str,
        kty: &'static str,
        x: String,
    },
    Rsa {
        e: String,
        kty: &'static str,
        n: String,
    },
}

/// A published key.
#[derive(Serialize)]
pub(super) struct Jwk<'a> {
    #[serde(flatten)]
    members: &'a PublicMembers,
    kid: &'a str,
    alg: &'static str,
    r#use: &'static str,
}

impl VerifyingKey {
    /// The longest `kid` (docs/threat-model.md TK-2): it is an exact look-up, never a path or a query.
    pub const MAX_KID_BYTES: usize = 64;

    /// What a shared key is called. A thumbprint of a secret would tell something about it.
    pub(super) const SHARED_KID: &'static str = "hs256";

    /// The name that tokens carry.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// The one algorithm of this key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The first segment of the access tokens that this house signs with this key.
    pub(crate) fn access_token_header(&self) -> &str {
        &self.0.access_token_header
    }

    /// Did the owner of this key sign `message`? HS256 is compared in constant time.
    ///
    /// A signature of another length than the algorithm's is none: ES256 is 64 bytes, r ‖ s, both
    /// in range (CVE-2022-21449 was an all-zero one that passed).
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0.material {
            Material::Public(key, _) => key.verify_sig(message, signature).is_ok(),
            Material::Shared(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }

    /// `None` for a shared key, which is never published.
    pub(super) fn jwk(&self) -> Option<Jwk<'_>> {
        match &self.0.material {
            Material::Public(_, members) => Some(Jwk {
                members,
                kid: &self.0.kid,
                alg: self.0.algorithm.as_str(),
                r#use: "sig",
            }),
            Material::Shared(_) => None,
        }
    }

    pub(super) fn shared(key: hmac::Key) -> Self {
        let material = Material::Shared(Box::new(key));
        Self::named(Self::SHARED_KID.to_owned(), Algorithm::Hs256, material)
    }

    /// From an uncompressed point (SEC 1 §2.3.3): 4 ‖ x ‖ y. Off the curve is refused.
    pub(super) fn es256(point: &[u8], kid: Option<String>) -> Result<Self, KeyError> {
        let (Some((4, coordinates)), 65) = (
            point.split_first().map(|(tag, rest)| (*tag, rest)),
            point.len(),
        ) else {
            return Err(KeyError::Kind);
        };
        let (x, y) = coordinates.split_at(32);
        let key =
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| KeyError::Kind)?;
        let members = PublicMembers::Ec {
            crv: "P-256",
            kty: "EC",
            x: encode(x),
            y: encode(y),
        };
        Ok(Self::public(Algorithm::Es256, key, members, kid))
    }

    /// From the 32 bytes of RFC 8032 §5.1.5.
    pub(super) fn ed_dsa(bytes: &[u8], kid: Option<String>) -> Result<Self, KeyError> {
        if bytes.len() != 32 {
            return Err(KeyError::Kind);
        }
        let key = ParsedPublicKey::new(&ED25519, bytes).map_err(|_| KeyError::Kind)?;
        let members = PublicMembers::Okp {
            crv: "Ed25519",
            kty: "OKP",
            x: encode(bytes),
        };
        Ok(Self::public(Algorithm::EdDsa, key, members, kid))
    }

    /// From modulus and exponent, big-endian without leading zeros (RFC 7518 §6.3.1).
    ///
    /// 2048 to 8192 bits and an exponent of at most four bytes: more would let whoever wrote the
    /// key set decide what one verification costs.
    pub(super) fn rs256(
        modulus: &[u8],
        exponent: &[u8],
        kid: Option<String>,
    ) -> Result<Self, KeyError> {
        let modulus_fits =
            (256..=1024).contains(&modulus.len()) && modulus.first().is_some_and(|byte| *byte != 0);
        // With 256 bytes the top bit must be set, else the key has fewer than 2048 bits.
        let long_enough = modulus.len() > 256 || modulus.first().is_some_and(|byte| *byte >= 0x80);
        let exponent_fits = (1..=4).contains(&exponent.len())
            && exponent.first().is_some_and(|byte| *byte != 0)
            && exponent.last().is_some_and(|byte| byte % 2 == 1)
            && exponent != [1];
        if !(modulus_fits && long_enough && exponent_fits) {
            return Err(KeyError::Kind);
        }
        let key = RsaPublicKeyComponents {
            n: modulus,
            e: exponent,
        }
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .map_err(|_| KeyError::Kind)?;
        let members = PublicMembers::Rsa {
            e: encode(exponent),
            kty: "RSA",
            n: encode(modulus),
        };
        Ok(Self::public(Algorithm::Rs256, key, members, kid))
    }

    /// From an `RSAPublicKey` (RFC 8017 §A.1.1), which is how the crypto library writes one.
    pub(super) fn rs256_from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        let (body, _) = der_value(der, 0x30).ok_or(KeyError::Kind)?;
        let (modulus, rest) = der_value(body, 0x02).ok_or(KeyError::Kind)?;
        let (exponent, _) = der_value(rest, 0x02).ok_or(KeyError::Kind)?;
        // DER puts a zero before a number whose top bit is set, so that it is not negative.
        let bare = |number: &'_ [u8]| number.strip_prefix(&[0]).unwrap_or(number).to_vec();
        Self::rs256(&bare(modulus), &bare(exponent), None)
    }

    fn public(
        algorithm: Algorithm,
        key: ParsedPublicKey,
        members: PublicMembers,
        kid: Option<String>,
    ) -> Self {
        let kid = kid.unwrap_or_else(|| thumbprint(&members));
        Self::named(kid, algorithm, Material::Public(key, members))
    }

    fn named(kid: String, algorithm: Algorithm, material: Material) -> Self {
        Self(Arc::new(Inner {
            access_token_header: jws::header_segment(algorithm, "at+jwt", &kid),
            kid,
            algorithm,
            material,
        }))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "VerifyingKey({}, {})",
            self.algorithm(),
            self.kid()
        )
    }
}

fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// RFC 7638 §3: a hash over the required members in the order of their names.
fn thumbprint(members: &PublicMembers) -> String {
    // A struct of strings always has a JSON form.
    let json = serde_json::to_vec(members).unwrap_or_default();
    encode(digest::digest(&digest::SHA256, &json).as_ref())
}

/// The content of the first element of `der` if it has this tag, and what follows it.
fn der_value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match *length {
        short @ 0..=0x7F => (usize::from(short), rest),
        0x81 => {
            let (length, rest) = rest.split_first()?;
            (usize::from(*length), rest)
        }
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    (*first == tag).then_some(())?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Vec<u8> {
        BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
    }

    fn verifies(key: &VerifyingKey, token: &str) -> bool {
        let (message, signature) = token.rsplit_once('.').unwrap();
        key.verifies(message.as_bytes(), &decode(signature))
    }

    /// RFC 7638 §3.1.
    #[test]
    fn the_thumbprint_of_the_standard_comes_out() {
        let modulus = decode(
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        );
        let key = VerifyingKey::rs256(&modulus, &decode("AQAB"), None).unwrap();
        assert_eq!(key.kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    /// RFC 7515 §A.3, and CVE-2022-21449 beside it.
    #[test]
    fn the_ecdsa_example_verifies_and_an_all_zero_signature_does_not() {
        let mut point = vec![4];
        point.extend(decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"));
        point.extend(decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"));
        let key = VerifyingKey::es256(&point, None).unwrap();
        let message = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        assert!(verifies(&key, &format!("{message}.{signature}")));
        for length in [0, 1, 63, 64, 65, 70, 72] {
            assert!(
                !key.verifies(message.as_bytes(), &vec![0; length]),
                "{length}"
            );
        }
        // The order of P-256 twice: r = s = n is zero once more.
        let order = decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
        assert!(!key.verifies(message.as_bytes(), &order.repeat(2)));
    }

    /// RFC 8037 §A.3 and §A.4.
    #[test]
    fn the_ed25519_example_verifies_and_has_its_thumbprint() {
        let key =
            VerifyingKey::ed_dsa(&decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), None)
                .unwrap();
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert!(verifies(
            &key,
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        ));
        assert!(!key.verifies(b"", &[0; 64]));
    }

    /// RFC 7515 §A.1.
    #[test]
    fn the_hmac_example_verifies() {
        let secret = decode(
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        );
        let key = VerifyingKey::shared(hmac::Key::new(hmac::HMAC_SHA256, &secret));
        let message = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        assert!(verifies(
            &key,
            &format!("{message}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        ));
        // CVE-2020-28042: a token without its signature.
        assert!(!key.verifies(message.as_bytes(), b""));
    }

    #[test]
    fn keys_that_would_cost_or_protect_too_little_are_refused() {
        let modulus = vec![0xC5; 256];
        for (modulus, exponent) in [
            (vec![0xC5; 128], vec![1, 0, 1]),  // 1024 bits
            (vec![0x45; 256], vec![1, 0, 1]),  // 2047 bits
            (vec![0xC5; 2048], vec![1, 0, 1]), // 16384 bits
            (modulus.clone(), vec![1]),        // every message is its own signature
            (modulus.clone(), vec![]),
            (modulus.clone(), vec![2]),
            (modulus.clone(), vec![0xFF; 256]),
        ] {
            assert!(VerifyingKey::rs256(&modulus, &exponent, None).is_err());
        }
        // Not on the curve.
        assert!(VerifyingKey::es256(&[4; 65], None).is_err());
        assert!(VerifyingKey::es256(&[2; 33], None).is_err());
        assert!(VerifyingKey::ed_dsa(&[1; 31], None).is_err());
    }
}
