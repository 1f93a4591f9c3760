//! Secrets in the place of something else. No key holds one, but people paste: what looks like a
//! secret is not repeated in messages, for those end up in logs and tickets.

/// In its place.
const HIDDEN: &str = "(what looks like a secret)";

/// Shorter parts of a secret tell nothing.
const TELLING_BYTES: usize = 8;

/// Whether people generate secrets that look like `text`, or write them into it.
pub(super) fn is_likely(text: &str) -> bool {
    text.contains("-----BEGIN") || has_password(text) || is_random(text) && !is_address(text)
}

/// `message` without `text` or parts of it, if that looks like a secret.
pub(super) fn hide(message: String, text: &str) -> String {
    if !is_likely(text) {
        return message;
    }
    let quoted = format!("{text:?}");
    let hidden = [quoted.as_str(), text]
        .iter()
        .fold(message, |message, form| message.replace(form, HIDDEN));
    let telling = text.split_once("://").map_or(text, |(_, rest)| rest);
    if shares_a_part(&hidden, telling) {
        // Messages may also quote a part, or what was made of it.
        return format!("{HIDDEN} cannot stand here");
    }
    hidden
}

fn shares_a_part(message: &str, text: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let text = text.to_ascii_lowercase();
    text.as_bytes().windows(TELLING_BYTES).any(|part| {
        message
            .as_bytes()
            .windows(TELLING_BYTES)
            .any(|other| other == part)
    })
}

/// `scheme://user:password@host` (RFC 3986 §3.2.1).
fn has_password(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| {
        rest.rsplit_once('@')
            .is_some_and(|(user, _)| user.contains(':'))
    })
}

/// Those of IPv6 jump as secrets do.
fn is_address(text: &str) -> bool {
    text.matches(':').count() > 1
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || b":./[]".contains(&byte))
}

/// Whether the text is long and jumps between kinds of characters as generated secrets do. What
/// people call files has long runs of one kind.
fn is_random(text: &str) -> bool {
    let explicit = ["/", "./", "../"]
        .iter()
        .any(|start| text.starts_with(start));
    // Base64 may begin with a slash too.
    if text.len() < 24 || explicit && !text.ends_with('=') && !text.contains('+') {
        return false;
    }
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        _ => 4,
    };
    let words = text.split(|character: char| "/._- ".contains(character));
    let (mut jumps, mut steps) = (0_usize, 0_usize);
    for pair in words.flat_map(|word| word.as_bytes().windows(2)) {
        if let [one, other] = pair {
            steps += 1;
            jumps += usize::from(kind(*one) != kind(*other));
        }
    }
    jumps * 5 >= steps * 2 && steps > 0
}

#[cfg(test)]
mod tests {
    use super::super::Sources;
    use super::*;

    const SECRET: &str = "8sM0YpWkzR5uXbJ3vQe7LhT1cNfA6gDiOoK9yZ2tGxE=";

    /// docs/threat-model.md SV-4: a secret in the wrong place would travel on into logs and tickets.
    #[test]
    fn a_secret_in_any_place_is_refused_without_being_repeated() {
        let password = "https://hardtack:hunter2hunter2@auth.test";
        for (file, told) in [
            (
                format!("server.listen = \"{SECRET}\""),
                "x:1: server.listen: (what looks like a secret) is not address:port, as in 127.0.0.1:8000",
            ),
            (
                format!("server.public_url = \"{password}\""),
                "x:1: server.public_url: (what looks like a secret) is not scheme://host[:port] without path, as in https://app.example.com",
            ),
            (
                format!("cookies.prefix = \"{SECRET}\""),
                "x:1: cookies.prefix: (what looks like a secret) is none of: none, host",
            ),
            (
                format!("cors.allowed_origins = [\"https://a.example\", \"{SECRET}\"]"),
                "x:1: cors.allowed_origins: (what looks like a secret) is not an origin, as in https://app.example.com",
            ),
            (
                format!("[tokens]\n\"{SECRET}\" = 1"),
                "x:2: unknown key, which looks like a secret and is not repeated; secrets are files, and keys say where they are",
            ),
        ] {
            let problems = Sources::default().overlay("x", &file).unwrap_err();
            assert_eq!(
                problems.to_string(),
                format!("the configuration cannot be used\n  {told}")
            );
        }
    }

    #[test]
    fn a_part_of_a_secret_is_hidden_too() {
        let message = format!("{:?} is no host", SECRET[3..].to_ascii_lowercase());
        assert_eq!(
            hide(message, SECRET),
            "(what looks like a secret) cannot stand here"
        );
    }

    #[test]
    fn what_people_write_is_repeated() {
        for text in [
            "loose",
            "https://preview.app.example.com/path",
            "2001:db8:85a3:0:0:8a2e:370:7334/200",
            "mailto:someone@example.com",
        ] {
            assert_eq!(hide(format!("{text:?}"), text), format!("{text:?}"));
        }
    }
}
