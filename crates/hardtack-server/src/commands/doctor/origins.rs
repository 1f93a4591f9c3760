//! Which pages may call: CORS, and the rule against forged requests.

use reqwest::Method;
use reqwest::header::ORIGIN;

use super::Finding;
use super::probe::{Answer, Probe};

/// A page that nobody has allowed (RFC 2606 §2).
const STRANGER: &str = "https://hardtack-doctor.invalid";

/// Whether browsers may take two origins for one site: the scheme and the last two labels of the
/// host agree. Where a registry hands out names below three labels they say less, and never more.
pub(super) fn is_same_site(one: &str, other: &str) -> bool {
    let site = |origin: &str| {
        let (scheme, rest) = origin.split_once("://").unwrap_or(("", origin));
        let host = rest
            .rsplit_once(':')
            .map_or(rest, |(host, _)| host)
            .to_owned();
        let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
        let labels: Vec<&str> = host.rsplit('.').take(2).collect();
        let site = if is_address {
            host.clone()
        } else {
            labels.join(".")
        };
        (scheme.to_owned(), site)
    };
    site(one) == site(other)
}

pub(super) async fn examine(probe: &Probe, origins: &[String], findings: &mut Vec<Finding>) {
    own_pages(probe, findings).await;
    strangers(probe, findings).await;
    for origin in origins {
        findings.push(allowed(probe, origin).await);
    }
}

async fn own_pages(probe: &Probe, findings: &mut Vec<Finding>) {
    let Ok(answer) = probe.post("logout/", Some(probe.origin())).await else {
        return;
    };
    findings.push(if answer.status == 200 {
        Finding::good("csrf", format!("pages of {} may change something", probe.origin()))
    } else {
        Finding::fault(
            "csrf",
            format!("pages of {} are refused with {}: nobody can log in", probe.origin(), answer.status),
            "set server.public_url to the address that browsers use, and let the proxy pass Origin on unchanged",
        )
    });
}

async fn strangers(probe: &Probe, findings: &mut Vec<Finding>) {
    let Ok(answer) = probe.post("logout/", Some(STRANGER)).await else {
        return;
    };
    findings.push(if answer.status == 403 {
        Finding::good("csrf", "pages of others may not")
    } else {
        Finding::fault(
            "csrf",
            format!("a page of {STRANGER} is answered {}: any page can act with its visitors' cookies", answer.status),
            "let the proxy pass the Origin header on unchanged; without it a forged request looks like none of a browser",
        )
    });
    let granted = answer.all("access-control-allow-origin");
    if !granted.is_empty() {
        findings.push(Finding::fault(
            "cors",
            format!("{STRANGER} is allowed to read answers ({})", granted.join(", ")),
            "let Hardtack alone answer for CORS: take Access-Control-* out of the proxy, and list origins in cors.allowed_origins",
        ));
    }
}

/// What a browser asks before a page of `origin` may log in, and what it wants on every answer.
async fn allowed(probe: &Probe, origin: &str) -> Finding {
    let request = probe
        .request(Method::OPTIONS, &probe.route("login/"))
        .header(ORIGIN, origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    let preflight = probe.send(request).await;
    // An error: its headers matter as much, or the page cannot tell 401 from no network.
    let refused = probe.post("token/refresh/", Some(origin)).await;
    for (what, answer) in [("the preflight", preflight), ("an error", refused)] {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return refusal(origin, &format!("{what}: {error}")),
        };
        if let Some(problem) = problem(&answer, origin) {
            return refusal(origin, &format!("{what} {problem}"));
        }
    }
    Finding::good("cors", format!("pages of {origin} may call, with cookies"))
}

fn problem(answer: &Answer, origin: &str) -> Option<String> {
    let granted = answer.all("access-control-allow-origin");
    let credentials = answer.all("access-control-allow-credentials");
    match (&granted[..], &credentials[..]) {
        ([one], ["true"]) if *one == origin => None,
        ([], _) => Some("does not allow it".to_owned()),
        ([_], _) => Some(format!(
            "allows {:?} and credentials {:?}, which browsers refuse",
            granted.join(", "),
            credentials.join(", ")
        )),
        _ => Some("has Access-Control-Allow-Origin twice, which browsers refuse".to_owned()),
    }
}

fn refusal(origin: &str, problem: &str) -> Finding {
    Finding::fault(
        "cors",
        format!("pages of {origin} cannot call: {problem}"),
        "list the origin in cors.allowed_origins, and let Hardtack alone answer for CORS: no Access-Control-* and no answered OPTIONS in the proxy",
    )
}

#[cfg(test)]
mod tests {
    use super::is_same_site;

    #[test]
    fn one_site_has_one_scheme_and_the_same_two_last_labels() {
        for (one, other, same) in [
            (
                "https://app.example.com",
                "https://api.example.com:8443",
                true,
            ),
            ("http://127.0.0.1:5173", "http://127.0.0.1:8000", true),
            ("http://localhost:5173", "http://localhost:8000", true),
            ("http://localhost:5173", "http://127.0.0.1:8000", false),
            ("http://app.example.com", "https://app.example.com", false),
            ("https://app.example.org", "https://app.example.com", false),
            ("https://[::1]:1", "https://[::1]:2", true),
        ] {
            assert_eq!(is_same_site(one, other), same, "{one} {other}");
        }
    }
}
