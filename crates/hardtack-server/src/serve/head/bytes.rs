//! What the lines of a head are made of, byte by byte.

pub(super) fn split(line: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = memchr::memchr(at, line)?;
    let (before, after) = line.split_at_checked(position)?;
    Some((before, after.get(1..)?))
}

/// Space and tab only (RFC 9110 §5.6.3). Others take a vertical tab for space as well.
pub(super) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// As many bytes as the compiler compares at once.
const LANES: usize = 16;

/// Is there a control character in it, which may stand nowhere? Every byte of every request comes by
/// here, so they are looked at sixteen at a time, the last sixteen once more rather than one by one.
pub(super) fn has_control(text: &[u8]) -> bool {
    match text.last_chunk::<LANES>() {
        Some(last) => {
            let (chunks, _) = text.as_chunks::<LANES>();
            chunks.iter().any(any_control) || any_control(last)
        }
        None => text.iter().any(|byte| is_control(*byte)),
    }
}

/// Without a way out before the end, for that is what lets the compiler compare them all at once.
fn any_control(chunk: &[u8; LANES]) -> bool {
    chunk
        .iter()
        .fold(false, |found, byte| found | is_control(*byte))
}

fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// Is it a letter, a digit, or one of `-._~`, which mean nothing but themselves (RFC 3986 §2.3)? A
/// path or a host of these alone has one reading: it needs no parser to be found good.
pub(super) fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 9110 §5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    #[expect(
        clippy::indexing_slicing,
        reason = "a byte finds its place, and the compiler looks"
    )]
    const IS_TOKEN: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0_u8;
        while byte < 128 {
            table[byte as usize] = byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~'
                );
            byte += 1;
        }
        table
    };
    IS_TOKEN.get(usize::from(byte)).is_some_and(|is| *is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_character_is_found_wherever_it_stands() {
        for control in [b'\0', b'\n', b'\r', 0x1f, 0x7f] {
            for at in 0..100 {
                let mut bytes = vec![b'a'; 100];
                bytes[at] = control;
                assert!(has_control(&bytes));
            }
        }
        let text: Vec<u8> = (b' '..=b'~').chain(0x80..=0xff).chain(*b"\t").collect();
        assert!(!has_control(&text));
    }

    #[test]
    fn a_token_is_of_the_characters_that_the_rfc_names() {
        let named = b"!#$%&'*+-.^_`|~";
        for byte in 0..=u8::MAX {
            let is_named = byte.is_ascii_alphanumeric() || named.contains(&byte);
            assert_eq!(is_token(byte), is_named, "{byte}");
        }
    }
}
