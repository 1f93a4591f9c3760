//! The service tokens: what verifiers in other processes prove themselves with, one a line.
//!
//! The operator makes the file, for a copy of it has to go to every verifier anyway.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use hardtack::settings::ServiceToken;

use crate::data_dir::DataDir;
use crate::private_file::read_private;

/// Reads the file that the operator named, if one was: without it there is no feed.
///
/// Empty lines and those that begin with `#` are passed over. A fault names the line and never
/// repeats it.
pub(crate) fn load(data_dir: &DataDir, named: Option<&Path>) -> Result<Vec<ServiceToken>> {
    let Some(named) = named else {
        return Ok(Vec::new());
    };
    let path = data_dir.file(named);
    let shown = path.display();
    let Some(text) = read_private(&path)? else {
        bail!(
            "revocations.service_token_file: there is no {shown}; make one with: openssl rand -base64 32 > {shown} && chmod 600 {shown}"
        );
    };
    let mut tokens = Vec::new();
    for (index, line) in text.expose_secret().lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let token = ServiceToken::parse(line).with_context(|| {
            format!(
                "revocations.service_token_file: line {} of {shown} cannot be used; make a token with: openssl rand -base64 32",
                index + 1
            )
        })?;
        tokens.push(token);
    }
    if tokens.is_empty() {
        bail!(
            "revocations.service_token_file: {shown} holds no token; make one with: openssl rand -base64 32 > {shown}"
        );
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use hardtack_core::Secret;

    use super::*;
    use crate::private_file::write_private;

    const NAMED: &str = "service-token";

    fn loaded(text: &str) -> Result<Vec<ServiceToken>> {
        let root = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open_or_create(root.path()).unwrap();
        write_private(&data_dir.file(NAMED), &Secret::new(text.to_owned())).unwrap();
        load(&data_dir, Some(Path::new(NAMED)))
    }

    #[test]
    fn a_file_has_one_token_a_line() {
        let one = "8sM0YpWkzR5uXbJ3vQe7LhT1cNfA6gDiOoK9yZ2tGxE=";
        let other = "9f2b4c7e1a8d0356b7c4e2f19a0d8b6c";
        assert_eq!(loaded(&format!("{one}\n")).unwrap().len(), 1);
        let text = format!("# orders\r\n{one}\r\n\n# billing\n{other}");
        assert_eq!(loaded(&text).unwrap().len(), 2);
    }

    #[test]
    fn a_missing_empty_or_weak_file_stops_the_start_and_is_not_quoted() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open_or_create(root.path()).unwrap();
        assert!(load(&data_dir, None).unwrap().is_empty());
        let missing = load(&data_dir, Some(Path::new(NAMED))).unwrap_err();
        assert!(missing.to_string().contains("openssl rand"), "{missing}");
        assert!(loaded("# none yet\n").is_err());
        let weak = format!("{:#}", loaded("\nhunter2hunter2\n").unwrap_err());
        assert!(
            weak.contains("line 2") && weak.contains("32 to 512"),
            "{weak}"
        );
        assert!(!weak.contains("hunter2"), "{weak}");
    }
}
