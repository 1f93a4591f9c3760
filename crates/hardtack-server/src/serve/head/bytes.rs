//! What the lines of a head are made of, byte by byte.

pub(super) fn split(line: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = line.iter().position(|byte| *byte == at)?;
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

/// Eight bytes that are looked at together, as one number.
const WORD: usize = 8;

const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; WORD])
}

/// The highest bit of each byte: set where something was found.
const FOUND: u64 = each(0x80);

/// How many bytes stand before the first that was found.
fn before(found: u64) -> usize {
    found.trailing_zeros() as usize / WORD
}

/// How long a line is, its end not counted: up to the first control character, of which only those
/// that end a line may stand anywhere.
///
/// Every byte of every request comes by here, so they are looked at sixteen at a time, for what has
/// to be looked at closely. Not inlined: where other values want the registers, the numbers would be
/// loaded anew for each word.
#[inline(never)]
pub(super) fn line_length(text: &[u8]) -> usize {
    let mut length = 0;
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first_chunk()
        && let Some((second, behind)) = behind.split_first_chunk()
    {
        let (first, second) = (unusual(*first), unusual(*second));
        if first != 0 {
            length += before(first);
            break;
        }
        if second != 0 {
            length += WORD + before(second);
            break;
        }
        length += 2 * WORD;
        rest = behind;
    }
    while text.get(length).is_some_and(|byte| !is_control(*byte)) {
        length += 1;
    }
    length
}

/// Finds control characters, and what is not ASCII: no other byte is the first that is found. After
/// it others may be, for the sake of what they lent or were given.
fn unusual(word: [u8; WORD]) -> u64 {
    let word = u64::from_le_bytes(word);
    (word.wrapping_sub(each(b' ')) | word.wrapping_add(each(0x80 - 0x7f))) & FOUND
}

/// How many token characters (RFC 9110 §5.6.2) it begins with. Names are made of letters and hyphens,
/// mostly, so these are looked at eight at a time.
pub(super) fn token_length(text: &[u8]) -> usize {
    let mut length = 0;
    let mut rest = text;
    while let Some((word, behind)) = rest.split_first_chunk() {
        let found = neither_letter_nor_hyphen(*word);
        if found != 0 {
            length += before(found);
            break;
        }
        length += WORD;
        rest = behind;
    }
    while text.get(length).is_some_and(|byte| is_token(*byte)) {
        length += 1;
    }
    length
}

fn neither_letter_nor_hyphen(word: [u8; WORD]) -> u64 {
    let word = u64::from_le_bytes(word);
    // No sum of these is more than a byte holds.
    let low = word & !FOUND;
    let lower_case = low | each(0x20);
    let from_a = lower_case + each(0x80 - b'a');
    let beyond_z = lower_case + each(0x80 - (b'z' + 1));
    let no_hyphen = (low ^ each(b'-')) + each(0x7f);
    (word | ((!from_a | beyond_z) & no_hyphen)) & FOUND
}

fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// Is it a letter, a digit, or one of `-._~`, which mean nothing but themselves (RFC 3986 §2.3)? A
/// path or a host of these alone has one reading: it needs no parser to be found good.
pub(super) fn is_plain(byte: u8) -> bool {
    marks(byte) & PLAIN != 0
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    marks(byte) & TOKEN != 0
}

const PLAIN: u8 = 1;
const TOKEN: u8 = 2;

/// To look up what a byte is takes half as long as to compare it with all that it may be.
fn marks(byte: u8) -> u8 {
    #[expect(
        clippy::indexing_slicing,
        reason = "a byte finds its place, and the compiler looks"
    )]
    const MARKS: [u8; 256] = {
        let mut table = [0; 256];
        let mut byte = 0_u8;
        while byte < 128 {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                table[byte as usize] |= PLAIN | TOKEN;
            }
            if matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'^' | b'`' | b'|') {
                table[byte as usize] |= TOKEN;
            }
            byte += 1;
        }
        table
    };
    MARKS.get(usize::from(byte)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_at_its_first_control_character_wherever_that_stands() {
        let text: Vec<u8> = (b' '..=b'~').chain(0x80..=0xff).chain(*b"\t").collect();
        assert_eq!(line_length(&text), text.len());
        for around in text {
            let mut bytes = [around; 50];
            for control in (0..b' ').chain([0x7f]).filter(|byte| *byte != b'\t') {
                for at in 0..bytes.len() {
                    bytes[at..].fill(around);
                    bytes[at] = control;
                    assert_eq!(line_length(&bytes), at, "{control} among {around}");
                    bytes[at..].fill(control);
                    assert_eq!(line_length(&bytes), at, "{control} after {around}");
                    bytes[at] = around;
                }
            }
        }
    }

    #[test]
    fn a_name_ends_at_the_first_byte_that_is_no_token_character() {
        for byte in 0..=u8::MAX {
            for around in *b"az-AZ09_~" {
                for at in 0..20 {
                    let mut bytes = [around; 20];
                    bytes[at] = byte;
                    let length = if is_token(byte) { bytes.len() } else { at };
                    assert_eq!(token_length(&bytes), length, "{byte} among {around}");
                    bytes[at..].fill(byte);
                    assert_eq!(token_length(&bytes), length, "{byte} after {around}");
                }
            }
        }
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
