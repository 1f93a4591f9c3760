//! What a person sees when the server starts.

use std::io::IsTerminal as _;

use anyhow::Result;
use hardtack_core::Secret;

use super::demo_user;
use crate::config::Config;
use crate::terminal::{self, Terminal};

/// Prints where the service is: for people in a terminal or with `--dev`, and as JSON when asked
/// for. Otherwise the log line says it.
pub(super) fn print(
    terminal: Terminal,
    config: &Config,
    url: &str,
    demo_password: Option<&Secret<String>>,
    warnings: &[String],
) -> Result<()> {
    let data_dir = config.server.data_dir.display().to_string();
    let public_url = config.settings.public_url.origin();
    if terminal.json {
        let demo = demo_password.map(|password| {
            serde_json::json!({ "user": demo_user::NAME, "password": password.expose_secret() })
        });
        let line = serde_json::json!({
            "listening": url,
            "public_url": public_url,
            "data_dir": data_dir,
            "demo": demo,
            "warnings": warnings,
        });
        return terminal::print(&line.to_string());
    }
    if demo_password.is_none() && !std::io::stdout().is_terminal() {
        return Ok(());
    }
    let version = env!("CARGO_PKG_VERSION");
    let heading = format!("Hardtack {version} listening on {url}");
    let rest = match demo_password {
        Some(password) => format!(
            "  demo user: {} password: {}\n  data in {data_dir}\n\n\
             This is --dev: cookies without Secure, on loopback only. Not for production.",
            demo_user::NAME,
            password.expose_secret(),
        ),
        None => format!("  public URL {public_url}\n  data in {data_dir}"),
    };
    let mut text = format!("{heading}\n{rest}");
    for warning in warnings {
        text.push_str("\n  WARNING: ");
        text.push_str(warning);
    }
    terminal::print(&text)
}
