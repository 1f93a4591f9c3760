//! The text form of a private key (RFC 7468 §10).

use data_encoding::BASE64;
use zeroize::Zeroize;

use super::KeyError;
use crate::Secret;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// An 8192-bit RSA key takes 6.5 kB; anything much longer is another file.
const MAX_LENGTH: usize = 16 * 1024;

/// Reads the one `PRIVATE KEY` of `text`. Text around it is passed over (RFC 7468 §2), another
/// key is not: two keys in one file are a mistake whichever is taken.
pub(super) fn decode(text: &str) -> Result<Secret<Vec<u8>>, KeyError> {
    if text.len() > MAX_LENGTH {
        return Err(KeyError::Pem("the text is too long to be a key"));
    }
    let Some((_, rest)) = text.split_once(BEGIN) else {
        return Err(KeyError::Pem(explain(text)));
    };
    let (body, rest) = rest.split_once(END).ok_or(KeyError::Pem("it has no end"))?;
    if rest.contains(BEGIN) {
        return Err(KeyError::Pem("it holds more than one key"));
    }
    let mut digits: Vec<u8> = body
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let der = BASE64.decode(&digits);
    digits.zeroize();
    der.map(Secret::new)
        .map_err(|_| KeyError::Pem("its base64 is broken"))
}

/// Writes `der` as a `PRIVATE KEY`, in lines of 64 characters.
pub(super) fn encode(der: &[u8]) -> Secret<String> {
    let mut text = String::with_capacity(der.len() * 3 / 2 + BEGIN.len() + END.len());
    text.push_str(BEGIN);
    text.push('\n');
    // 48 bytes are 64 characters, so only the last line is padded.
    for line in der.chunks(48) {
        BASE64.encode_append(line, &mut text);
        text.push('\n');
    }
    text.push_str(END);
    text.push('\n');
    Secret::new(text)
}

/// What a file without a PKCS#8 key most likely is.
fn explain(text: &str) -> &'static str {
    let has = |label: &str| text.contains(label);
    if has("BEGIN ENCRYPTED PRIVATE KEY") {
        "it is encrypted; decrypt it with `openssl pkcs8`"
    } else if has("BEGIN EC PRIVATE KEY") || has("BEGIN RSA PRIVATE KEY") {
        "it is in the older form; convert it with `openssl pkcs8 -topk8 -nocrypt`"
    } else if has("BEGIN PUBLIC KEY") || has("BEGIN CERTIFICATE") {
        "it is only the public half"
    } else {
        "there is none in the text"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [1, 47, 48, 49, 500] {
            let der: Vec<u8> = (0..length)
                .map(|index: u32| index.to_le_bytes()[0])
                .collect();
            let text = encode(&der);
            assert!(text.expose_secret().lines().all(|line| line.len() <= 64));
            assert_eq!(decode(text.expose_secret()).unwrap().expose_secret(), &der);
        }
    }

    #[test]
    fn line_ends_and_text_around_it_do_not_matter() {
        let text = encode(b"some bytes").expose_secret().replace('\n', "\r\n");
        let text = format!("# a note\r\n{text}\r\n# another");
        assert_eq!(decode(&text).unwrap().expose_secret(), b"some bytes");
    }

    #[test]
    fn other_files_are_refused_with_the_remedy() {
        for (text, remedy) in [
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----", "encrypted"),
            ("-----BEGIN EC PRIVATE KEY-----", "topk8"),
            ("-----BEGIN RSA PRIVATE KEY-----", "topk8"),
            ("-----BEGIN PUBLIC KEY-----", "public half"),
            ("", "none in the text"),
            (BEGIN, "no end"),
            (
                "-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----",
                "base64",
            ),
        ] {
            let error = decode(text).unwrap_err().to_string();
            assert!(error.contains(remedy), "{text}: {error}");
        }
        let one = encode(b"some bytes");
        let two = format!("{}{}", one.expose_secret(), one.expose_secret());
        assert!(
            decode(&two)
                .unwrap_err()
                .to_string()
                .contains("more than one")
        );
        assert!(decode(&"x".repeat(1_000_000)).is_err());
    }
}
