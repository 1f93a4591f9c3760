//! Is it the service that answers, whole and at the right time?

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::Method;
use serde_json::Value;

use super::probe::{Answer, Probe};
use super::{Finding, Verdict};
use crate::commands::now;

/// Verifiers of access tokens forgive 5 s (docs/threat-model.md TK-4), and an answer takes a moment.
const FORGIVEN_SECONDS: u64 = 5;

/// More than the 10 refused refreshes in a minute that one client has by default.
const REFUSALS: u8 = 12;

pub(super) fn scheme(probe: &Probe) -> Finding {
    if probe.is_https() {
        Finding::good("scheme", "https")
    } else if probe.is_loopback() {
        Finding::good(
            "scheme",
            "plain http on this machine, which is for development",
        )
    } else {
        Finding::fault(
            "scheme",
            "plain http: browsers drop Secure cookies, and anybody on the way can take the others",
            "end TLS at a proxy in front, or set server.tls_cert and server.tls_key, and send browsers to https",
        )
    }
}

pub(super) async fn examine(probe: &Probe, findings: &mut Vec<Finding>) {
    let refused = match probe.post("token/refresh/", None).await {
        Ok(refused) => refused,
        Err(error) => {
            findings.push(Finding::fault(
                "routes",
                error,
                "let the proxy send every path below routes.base_path",
            ));
            return;
        }
    };
    findings.push(routes(probe, &refused));
    findings.push(clock(&refused));
    findings.push(caching(&refused));
    if probe.is_https() && refused.one("strict-transport-security").is_empty() {
        findings.push(Finding::warning(
            "headers",
            "no Strict-Transport-Security: the first request of a browser may go over plain http",
            "let the proxy keep the header that the server sends, or send one",
        ));
    }
    findings.push(keys(probe).await);
}

/// What a refresh without a refresh token is told under `response.missing_refresh_status` and
/// `response.error`. No proxy says so.
const NO_TOKEN: [&str; 3] = [
    "No valid refresh token found.",
    "You do not have permission to perform this action.",
    "Refresh token missing",
];

fn routes(probe: &Probe, refused: &Answer) -> Finding {
    let path = probe.route("token/refresh/");
    let body = &refused.body;
    match (refused.status, body.get("detail").or(body.get("error"))) {
        (401, Some(Value::String(_))) => Finding::good("routes", format!("{path} answers")),
        (429, Some(Value::String(_))) => {
            Finding::good("routes", format!("{path} answers, with 429 for now"))
        }
        // What a preset has in the place of 401.
        (400 | 403, Some(Value::String(text))) if NO_TOKEN.contains(&text.as_str()) => {
            Finding::good("routes", format!("{path} answers"))
        }
        (status @ (301 | 302 | 307 | 308), _) => Finding::fault(
            "routes",
            format!(
                "{path} is answered with {status}, to {:?}: a browser loses the body or the cookies on the way",
                refused.one("location")
            ),
            "ask the address that browsers end up at, and keep the slash at the end in the proxy's rules",
        ),
        (404, _) => Finding::fault(
            "routes",
            format!("{path} is not found"),
            "set routes.base_path to the path that browsers use, and let the proxy pass it on unchanged",
        ),
        (status, _) => Finding::fault(
            "routes",
            format!("{path} answers {status}, and not in Hardtack's words"),
            "let the proxy send this path to Hardtack, with method, body and answer unchanged",
        ),
    }
}

fn clock(answer: &Answer) -> Finding {
    let date = answer.one("date");
    let Ok(theirs) = DateTimeParser::new().parse_timestamp(date) else {
        return Finding::warning(
            "clock",
            "no Date in the answer: browsers renew by it",
            "let the proxy keep the Date header",
        );
    };
    let ours = Timestamp::from_microsecond(now().unix_micros()).unwrap_or(theirs);
    let apart = ours.as_second().abs_diff(theirs.as_second());
    if apart <= FORGIVEN_SECONDS {
        Finding::good("clock", format!("{apart} s from this machine's"))
    } else {
        Finding::fault(
            "clock",
            format!(
                "{apart} s from this machine's: tokens are refused as expired, or as not yet good, elsewhere"
            ),
            "let every machine follow NTP; if only this one is wrong, ask from another. A Date that stands still is a proxy's cache",
        )
    }
}

/// A cache that keeps one person's Set-Cookie gives it to the next (CVE-2025-48947).
fn caching(answer: &Answer) -> Finding {
    let is_kept_out = answer.one("cache-control").contains("no-store");
    let age = answer.one("age");
    match (is_kept_out, age) {
        (true, "") => Finding::good("caching", "no-store"),
        _ => Finding::fault(
            "caching",
            "an answer with cookies may be kept by a cache, and given to somebody else",
            "let the proxy cache nothing below routes.base_path, and keep Cache-Control: no-store",
        ),
    }
}

async fn keys(probe: &Probe) -> Finding {
    const PATH: &str = "/.well-known/jwks.json";
    const REMEDY: &str = "let the proxy send /.well-known/jwks.json to Hardtack";
    match probe.get(PATH).await {
        Err(error) => Finding::fault("keys", format!("{PATH}: {error}"), REMEDY),
        Ok(answer) => match answer.body.get("keys").and_then(Value::as_array) {
            Some(keys)
                if keys
                    .iter()
                    .any(|key| key.get("d").is_some() || key.get("k").is_some()) =>
            {
                Finding::fault(
                    "keys",
                    "a private key is published",
                    "this is not Hardtack's answer; take it off the net and replace the key",
                )
            }
            Some(keys) if keys.is_empty() => Finding::good(
                "keys",
                "none is published: tokens are signed with a shared secret (HS256)",
            ),
            Some(keys) => Finding::good("keys", format!("{} published", keys.len())),
            None => Finding::fault(
                "keys",
                format!(
                    "{PATH} answers {} without keys: other services cannot verify tokens",
                    answer.status
                ),
                REMEDY,
            ),
        },
    }
}

/// Refusals are counted by address. If a header can choose the address, nobody is ever counted
/// (CVE-2026-45364).
pub(super) async fn forwarded_for(probe: &Probe, findings: &mut Vec<Finding>) {
    let mut answered = false;
    for number in 1..=REFUSALS {
        let request = probe
            .request(Method::POST, &probe.route("token/refresh/"))
            .header("x-forwarded-for", format!("198.51.100.{number}"));
        match probe.send(request).await {
            Ok(answer) if answer.status == 429 => {
                findings.push(Finding::good(
                    "forwarded",
                    "X-Forwarded-For from outside chooses no address",
                ));
                return;
            }
            Ok(answer) => answered |= matches!(answer.status, 400 | 401 | 403),
            Err(_) => return,
        }
    }
    if answered {
        findings.push(Finding {
            check: "forwarded",
            verdict: Verdict::Fault,
            found: format!("{REFUSALS} refused refreshes with as many addresses in X-Forwarded-For were never answered 429: whoever writes the header has no limit"),
            remedy: Some("let the proxy at the edge set X-Forwarded-For anew, and name in server.trusted_proxies no address that clients connect from. (A raised rate_limit.refused_refreshes looks the same)"),
        });
    }
}
