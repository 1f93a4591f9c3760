//! `hardtack doctor`: asks a running deployment what a browser would meet, proxies included, and
//! says what is wrong with it and how to mend it.
//!
//! Nobody is logged in for it: a logout of nobody is answered with the cookies as a login would
//! set them, and a refresh with no token is refused as a browser's would be.

use std::process::ExitCode;

use anyhow::{Result, bail};
use reqwest::Url;
use serde::Serialize;

use crate::cli::Doctor;
use crate::config::{Config, Sources};
use crate::terminal::{Terminal, shown};
use probe::Probe;

mod answers;
mod cookies;
mod origins;
mod probe;

/// What was looked at, and what came of it.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    /// What a browser meets.
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Good,
    /// Works, and may not be what was meant.
    Warning,
    /// Somebody cannot log in, or somebody else can do too much.
    Fault,
}

impl Finding {
    fn good(check: &'static str, found: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Good,
            found: found.into(),
            remedy: None,
        }
    }

    fn warning(check: &'static str, found: impl Into<String>, remedy: &'static str) -> Self {
        Self {
            check,
            verdict: Verdict::Warning,
            found: found.into(),
            remedy: Some(remedy),
        }
    }

    fn fault(check: &'static str, found: impl Into<String>, remedy: &'static str) -> Self {
        Self {
            verdict: Verdict::Fault,
            ..Self::warning(check, found, remedy)
        }
    }
}

/// Exits with 0 if nothing is wrong, 1 if something is, and 2 if nobody there can be asked.
pub(super) async fn run(
    doctor: &Doctor,
    sources: &Sources,
    terminal: Terminal,
) -> Result<ExitCode> {
    let config = sources.load()?.config;
    let url = address(doctor, &config)?;
    let origins = if doctor.origins.is_empty() {
        config.settings.cors_allowed_origins.clone()
    } else {
        doctor.origins.clone()
    };
    let base_path = doctor
        .base_path
        .as_deref()
        .unwrap_or(&config.settings.base_path);
    let probe = Probe::new(url, base_path)?;
    let mut findings = vec![answers::scheme(&probe)];
    if let Err(unreachable) = probe.get("/healthz").await {
        findings.push(Finding::fault(
            "reach",
            unreachable,
            "start the server, let the proxy send it every path, and give this command the address that browsers use",
        ));
        say(&probe, &findings, terminal)?;
        return Ok(ExitCode::from(2));
    }
    answers::examine(&probe, &mut findings).await;
    cookies::examine(&probe, &origins, &mut findings).await;
    origins::examine(&probe, &origins, &mut findings).await;
    if config.public_url_given {
        findings.extend(of_configuration(&config, &probe));
    }
    // Last: it uses up what this address may be refused in a minute.
    answers::forwarded_for(&probe, &mut findings).await;
    say(&probe, &findings, terminal)?;
    let is_ill = findings
        .iter()
        .any(|finding| finding.verdict == Verdict::Fault);
    Ok(ExitCode::from(u8::from(is_ill)))
}

fn address(doctor: &Doctor, config: &Config) -> Result<Url> {
    let url = match &doctor.url {
        Some(url) => url.clone(),
        None if config.public_url_given => config.settings.public_url.origin().parse()?,
        None => bail!("which deployment? Give its URL, or a configuration with server.public_url"),
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        bail!("{url} is not a URL as in https://app.example.com");
    }
    Ok(url)
}

/// What only the configuration beside the server tells.
fn of_configuration(config: &Config, probe: &Probe) -> Vec<Finding> {
    let mut findings = Vec::new();
    let public = config.settings.public_url.origin();
    if public != probe.origin() {
        findings.push(Finding::warning(
            "configuration",
            format!("server.public_url is {public}, and {} was asked", probe.origin()),
            "set server.public_url to the address that browsers use: its origin may change something, and links in mails lead there",
        ));
    }
    let behind_proxy = config.server.listen.ip().is_loopback() && config.server.tls().is_none();
    if behind_proxy && config.settings.trusted_proxies.is_empty() && !probe.is_loopback() {
        findings.push(Finding::fault(
            "configuration",
            "the server listens on loopback, behind a proxy, and server.trusted_proxies is empty: everybody has the proxy's address and shares its limits",
            "name the proxy in server.trusted_proxies, as in [\"127.0.0.1\"], and let it set X-Forwarded-For",
        ));
    }
    findings
}

#[derive(Serialize)]
struct Told<'a> {
    url: &'a str,
    findings: &'a [Finding],
}

fn say(probe: &Probe, findings: &[Finding], terminal: Terminal) -> Result<()> {
    let mut lines = Vec::new();
    for finding in findings {
        let word = match finding.verdict {
            Verdict::Good => "good   ",
            Verdict::Warning => "warning",
            Verdict::Fault => "FAULT  ",
        };
        lines.push(format!(
            "{word}  {}: {}",
            finding.check,
            shown(&finding.found)
        ));
        if let Some(remedy) = finding.remedy {
            lines.push(format!("         to mend it: {remedy}"));
        }
    }
    let faults = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Fault);
    lines.push(match faults.count() {
        0 => format!("{}: nothing is wrong", probe.origin()),
        1 => format!("{}: 1 fault", probe.origin()),
        count => format!("{}: {count} faults", probe.origin()),
    });
    let told = Told {
        url: probe.origin(),
        findings,
    };
    terminal.say(&lines.join("\n"), &told)
}
