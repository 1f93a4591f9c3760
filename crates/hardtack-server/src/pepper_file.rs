//! The pepper: 32 random bytes in base64, made at first start.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use data_encoding::BASE64;
use hardtack_core::refresh_token::Pepper;
use hardtack_core::{Entropy, Secret};

use crate::data_dir::DataDir;
use crate::private_file::{Found, read_private, write_private};

/// Its file, unless the operator names another.
pub(crate) const DEFAULT_NAME: &str = "pepper";

/// Reads the pepper of a data directory, or makes it when the file is the default one, and tells
/// whether it did. A file that the operator named must be there: a new pepper in its place would
/// end every session.
pub(crate) fn load_or_create(
    data_dir: &DataDir,
    named: Option<&Path>,
    entropy: &dyn Entropy,
) -> Result<(Pepper, Found)> {
    let path = path(data_dir, named);
    let _lock = data_dir.lock_keys()?;
    if let Some(pepper) = read(&path, named)? {
        return Ok((pepper, Found::There));
    }
    let bytes = Pepper::generate(entropy);
    let mut text = BASE64.encode(bytes.expose_secret());
    text.push('\n');
    let text = Secret::new(text);
    write_private(&path, &text)?;
    Ok((parse(text.expose_secret())?, Found::MadeNow))
}

/// Refuses a file that a start would refuse, without making one.
pub(crate) fn verify(data_dir: &DataDir, named: Option<&Path>) -> Result<()> {
    read(&path(data_dir, named), named).map(drop)
}

fn path(data_dir: &DataDir, named: Option<&Path>) -> PathBuf {
    data_dir.file(named.unwrap_or(Path::new(DEFAULT_NAME)))
}

fn read(path: &Path, named: Option<&Path>) -> Result<Option<Pepper>> {
    let path_shown = path.display();
    let Some(text) = read_private(path)? else {
        if named.is_some() {
            bail!(
                "tokens.pepper_file: there is no {path_shown}; make one with: openssl rand -base64 32 > {path_shown} && chmod 600 {path_shown}"
            );
        }
        return Ok(None);
    };
    parse(text.expose_secret())
        .with_context(|| {
            format!(
                "tokens.pepper_file: {path_shown} cannot be used; put back the right one, or make another with `openssl rand -base64 32` (which ends every session)"
            )
        })
        .map(Some)
}

fn parse(text: &str) -> Result<Pepper> {
    let bytes = BASE64
        .decode(text.trim_end().as_bytes())
        .map(Secret::new)
        .map_err(|_| anyhow!("it is not base64"))?;
    Ok(Pepper::new(bytes.expose_secret())?)
}

#[cfg(test)]
mod tests {
    use hardtack::SystemEntropy;
    use hardtack_core::SessionId;
    use hardtack_core::refresh_token::RefreshToken;
    use hardtack_core::rotation::Position;

    use super::*;

    fn token(pepper: &Pepper) -> String {
        let session = SessionId::from_bytes([7; 16]);
        RefreshToken::derive(pepper, session, Position::new(0, 0))
            .expose_secret()
            .to_owned()
    }

    #[test]
    fn the_pepper_is_made_once_and_found_again() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open_or_create(root.path()).unwrap();
        let (first, found) = load_or_create(&data_dir, None, &SystemEntropy).unwrap();
        assert_eq!(found, Found::MadeNow);
        let (again, found) = load_or_create(&data_dir, None, &SystemEntropy).unwrap();
        assert_eq!(found, Found::There);
        assert_eq!(token(&first), token(&again));
    }

    /// docs/threat-model.md TK-7: no secret that a person typed, and none in the message either.
    #[test]
    fn a_weak_pepper_is_refused_and_not_shown() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open_or_create(root.path()).unwrap();
        let short = BASE64.encode(b"hunter2");
        let typed = BASE64.encode(b"changeme-changeme-changeme-chang");
        for (text, cause) in [
            (short.as_str(), "a pepper is exactly 32 random bytes"),
            (typed.as_str(), "a pepper is exactly 32 random bytes"),
            ("correct horse battery staple", "it is not base64"),
            ("", "a pepper is exactly 32 random bytes"),
        ] {
            write_private(&data_dir.file("pepper"), &Secret::new(text.to_owned())).unwrap();
            let error = load_or_create(&data_dir, None, &SystemEntropy).unwrap_err();
            assert_eq!(error.root_cause().to_string(), cause);
            assert!(text.is_empty() || !format!("{error:#}").contains(text));
            assert!(error.to_string().starts_with("tokens.pepper_file: "));
        }
    }

    #[test]
    fn a_pepper_that_was_named_is_never_made() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open_or_create(root.path()).unwrap();
        let named = Path::new("mounted/pepper");
        assert!(load_or_create(&data_dir, Some(named), &SystemEntropy).is_err());
    }
}
