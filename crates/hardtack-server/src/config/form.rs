//! The forms of texts: what is read here cannot break out of a header later.

use std::path::PathBuf;

use hardtack::settings::PublicUrl;
use ipnet::IpNet;

use super::secret;

pub(super) fn not_empty(text: &str) -> Result<&str, String> {
    if text.is_empty() {
        Err("it is empty; leave it out instead".to_owned())
    } else {
        Ok(text)
    }
}

/// The path of a file. A secret that was pasted in its place is refused, and not repeated: what is
/// set here is printed by `config show` and stands in messages.
pub(super) fn file(text: &str) -> Result<PathBuf, String> {
    if not_empty(text)?.chars().any(char::is_control) || secret::is_likely(text) {
        return Err(
            "this looks like a secret, not like a file; write it into a file of mode 0600, replace it if this text was ever logged or shared, and name the file here (a file that is really called so: with ./ before it)"
                .to_owned(),
        );
    }
    Ok(text.into())
}

pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let network: IpNet = text
        .parse()
        .or_else(|_| {
            text.parse()
                .map(|address: std::net::IpAddr| IpNet::from(address))
        })
        .map_err(|_| format!("{text:?} is not a network, as in 10.0.0.0/8 or 192.0.2.1"))?;
    // Everybody would choose their own address, and with it their own rate limit (CVE-2026-45364).
    if network.prefix_len() == 0 {
        return Err(format!("{text} would believe everybody; name the proxies"));
    }
    Ok(network)
}

/// The exact bytes of an `Origin` header, for they are compared as bytes.
pub(super) fn origin(text: &str) -> Result<String, String> {
    if text.contains('*') {
        return Err("a * would let every site act as the user, and browsers refuse it with cookies; list the origins".to_owned());
    }
    PublicUrl::parse(text)
        .map(|url| url.origin().to_owned())
        .map_err(|_| format!("{text:?} is not an origin, as in https://app.example.com"))
}

pub(super) fn base_path(text: &str) -> Result<String, String> {
    let segments_fit = text.strip_prefix('/').is_some_and(|rest| {
        rest.split('/').all(|segment| {
            !matches!(segment, "" | "." | "..")
                && segment
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        })
    });
    match text.strip_suffix('/') {
        _ if segments_fit => Ok(text.to_owned()),
        // As Django's routes are written.
        Some(path) if base_path(path).is_ok() => {
            Err(format!("{text:?} ends with a slash; write {path:?}"))
        }
        _ => Err(format!("{text:?} is not a path as in /api/auth")),
    }
}

/// Below the base path, below the root with a slash in front, or nowhere.
pub(super) fn route(text: &str) -> Result<String, String> {
    let is_name = |text: &str| {
        let path = format!("/{}", text.strip_prefix('/').unwrap_or(text));
        base_path(&path).is_ok()
    };
    match text.strip_suffix('/') {
        _ if text.is_empty() || is_name(text) => Ok(text.to_owned()),
        Some(name) if is_name(name) => Err(format!(
            "{text:?} ends with a slash; write {name:?}, which answers with one too"
        )),
        _ => Err(format!(
            "{text:?} is not a name as in login, token/refresh or /refresh-token"
        )),
    }
}

pub(super) fn cookie_name(text: &str) -> Result<String, String> {
    // RFC 6265 §4.1.1: a token of RFC 9110 §5.6.2.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_token) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} cannot be the name of a cookie"))
    }
}

pub(super) fn cookie_path(text: &str) -> Result<String, String> {
    // RFC 6265 §4.1.1: anything but controls and `;`. Blanks and commas only make trouble.
    if text.starts_with('/')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b";,\"\\".contains(&byte))
    {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a path as in /api/auth"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/threat-model.md SV-4: a secret in the place of its file's name would be shown wherever the
    /// configuration is.
    #[test]
    fn a_secret_in_the_place_of_a_file_is_refused_and_not_repeated() {
        for secret in [
            "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n",
            "-----BEGIN EC PRIVATE KEY-----",
            // openssl rand -base64 32, -base64 48, -hex 32
            "8sM0YpWkzR5uXbJ3vQe7LhT1cNfA6gDiOoK9yZ2tGxE=",
            "/sM0YpWkzR5uXbJ3vQe7LhT1cNfA6gDiOoK9yZ2tGxE=",
            "Jb0Zr2m7Qk/9xWc4TtLe+V1oYsN6uHdPqF3aGiKjR8vCzXwB5hMyEgUlSnDpO0fA",
            "9f2b4c7e1a8d0356b7c4e2f19a0d8b6c5e3f7a1b2c9d4e8f0a6b3c5d7e9f1a2b",
            "django-insecure-8x!q@n2#v5l$z7^m9&w4*k6(p3)r1-t0_y",
            "k3#x!q@n2#v5l$z7^m9&w4*k6(p3)r1-t0_y8f&j2+d=h",
            "Zq8#nT2vL5!xR7mC4wK9pB6yF3hJ1dGs",
        ] {
            let message = file(secret).unwrap_err();
            assert!(message.contains("looks like a secret"), "{message}");
            for part in secret.as_bytes().windows(8) {
                let part = String::from_utf8_lossy(part);
                assert!(!message.contains(part.as_ref()), "{message}");
            }
        }
        for path in [
            "pepper",
            "keys.json",
            "/run/secrets/hardtack_signing_key_production_2026",
            "/etc/letsencrypt/live/app.example.com/privkey.pem",
            "secrets/Production-Signing-Key-2026.pem",
            "C0mpany/Old Keys (2024)/hardtack-signing-key.pem",
            "/vault/3f2b8c1e-9d4a-4c7b-8e21-5a6f0b9c7d3e/key",
            "./9f2b4c7e1a8d0356b7c4e2f19a0d8b6c",
            "../shared/django-secret-key.txt",
        ] {
            assert_eq!(file(path).unwrap(), PathBuf::from(path));
        }
        assert!(file("").is_err());
    }

    /// Who may name every proxy may name every address (CVE-2026-45364).
    #[test]
    fn trusting_every_proxy_is_refused() {
        for text in ["0.0.0.0/0", "::/0", "10.0.0.0/33", "proxy.example", ""] {
            assert!(network(text).is_err(), "{text}");
        }
        assert_eq!(network("192.0.2.1").unwrap().to_string(), "192.0.2.1/32");
    }

    /// CORS with credentials for everybody (ASVS 5.0 §3.4.2).
    #[test]
    fn a_star_or_a_pattern_is_no_origin() {
        for text in [
            "*",
            "https://*",
            "null",
            "",
            "https://a.example/path",
            "app.example.com",
            "ftp://a.example",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
        assert_eq!(
            origin("https://App.Example:443/").as_deref(),
            Ok("https://app.example")
        );
    }

    #[test]
    fn what_would_break_out_of_a_cookie_is_refused() {
        for text in ["", "a b", "a;b", "a=b", "a,b", "ä", "a\r\nb"] {
            assert!(cookie_name(text).is_err(), "{text}");
        }
        for text in ["", "x", "/a;b", "/a b", "/a\r\n", "/ä"] {
            assert!(cookie_path(text).is_err(), "{text}");
        }
        for text in ["", "/", "x", "/a/", "/a//b", "/a/../b", "/{x}", "/a b"] {
            assert!(base_path(text).is_err(), "{text}");
        }
    }
}
