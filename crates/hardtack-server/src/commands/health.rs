//! `hardtack health`: for a container's health check and for people.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::{Client, Url, redirect};
use serde_json::json;

use crate::terminal::Terminal;

const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(url: &str, terminal: Terminal) -> Result<ExitCode> {
    let mut asked: Url = url
        .parse()
        .with_context(|| format!("{url:?} is not a URL as in http://127.0.0.1:8000"))?;
    if asked.path() == "/" {
        asked.set_path("/readyz");
    }
    // The server itself is asked: neither a proxy nor the place a redirect leads to is it.
    let client = Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .build()?;
    let status = match client.get(asked.clone()).send().await {
        Ok(answer) => answer.status(),
        Err(error) => {
            let problem = if error.is_timeout() {
                "no answer within 5 s"
            } else {
                "no connection"
            };
            terminal.say(
                &format!("{asked}: {problem}"),
                &json!({ "url": asked.as_str(), "healthy": false, "problem": problem }),
            )?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let healthy = status.is_success();
    let word = if healthy { "healthy" } else { "not healthy" };
    terminal.say(
        &format!("{asked}: {word} ({status})"),
        &json!({ "url": asked.as_str(), "healthy": healthy, "status": status.as_u16() }),
    )?;
    Ok(if healthy {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
