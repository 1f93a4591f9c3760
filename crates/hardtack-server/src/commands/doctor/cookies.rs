//! The cookies as a browser gets them, told by the answer to a logout of nobody: it has the
//! attributes that a login's have.

use super::Finding;
use super::origins::is_same_site;
use super::probe::Probe;

/// One Set-Cookie line, as far as it decides who gets the cookie.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cookie<'a> {
    name: &'a str,
    path: &'a str,
    domain: Option<&'a str>,
    same_site: &'a str,
    secure: bool,
    http_only: bool,
}

impl<'a> Cookie<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut parts = line.split(';').map(str::trim);
        let (name, _) = parts.next()?.split_once('=')?;
        let mut cookie = Self {
            name,
            ..Self::default()
        };
        for part in parts {
            let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
            match attribute.to_ascii_lowercase().as_str() {
                "path" => cookie.path = value,
                "domain" => cookie.domain = Some(value.trim_start_matches('.')),
                "samesite" => cookie.same_site = value,
                "secure" => cookie.secure = true,
                "httponly" => cookie.http_only = true,
                _ => {}
            }
        }
        Some(cookie)
    }

    fn covers(&self, path: &str) -> bool {
        let prefix = self.path.trim_end_matches('/');
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

pub(super) async fn examine(probe: &Probe, origins: &[String], findings: &mut Vec<Finding>) {
    let answer = match probe.post("logout/", None).await {
        Ok(answer) if answer.status == 200 => answer,
        Ok(answer) => {
            findings.push(Finding::fault(
                "cookies",
                format!("{} answers {}", probe.route("logout/"), answer.status),
                "let the proxy send every path below routes.base_path, with POST, to Hardtack",
            ));
            return;
        }
        Err(error) => {
            findings.push(Finding::fault(
                "cookies",
                error,
                "see whether the server runs",
            ));
            return;
        }
    };
    let lines = answer.all("set-cookie");
    let cookies: Vec<Cookie<'_>> = lines
        .iter()
        .filter_map(|line| Cookie::parse(line))
        .collect();
    let before = findings.len();
    if cookies.len() < 2 {
        findings.push(Finding::fault(
            "cookies",
            format!("{} of the two Set-Cookie lines of a logout arrive: nobody can log in", cookies.len()),
            "let the proxy pass Set-Cookie on, every line of it (some join or drop repeated headers)",
        ));
        return;
    }
    for cookie in &cookies {
        attributes(cookie, probe, findings);
    }
    if !cookies.iter().any(|cookie| {
        cookie.covers(&probe.route("token/refresh/")) && cookie.covers(&probe.route("logout/"))
    }) {
        findings.push(Finding::fault(
            "refresh path",
            format!("no cookie is sent back to {}: every session ends with its first access token", probe.route("token/refresh/")),
            "let the proxy keep the path that browsers use (no rewriting), or set routes.base_path and cookies.refresh_path to it",
        ));
    }
    sites(&cookies, probe, origins, findings);
    if findings.len() == before {
        let names: Vec<&str> = cookies.iter().map(|cookie| cookie.name).collect();
        findings.push(Finding::good(
            "cookies",
            format!("{} are as they should be", names.join(", ")),
        ));
    }
}

fn attributes(cookie: &Cookie<'_>, probe: &Probe, findings: &mut Vec<Finding>) {
    let name = cookie.name;
    let mut fault = |found: String, remedy| findings.push(Finding::fault("cookies", found, remedy));
    if probe.is_https() && !cookie.secure {
        fault(
            format!("{name} has no Secure: plain http would carry it too"),
            "leave cookies.secure on, run without --dev, and let the proxy pass Set-Cookie on unchanged",
        );
    }
    if !probe.is_https() && cookie.secure {
        fault(
            format!(
                "{name} is Secure, and this is plain http: browsers drop it, and the login does not last"
            ),
            "ask the https address that browsers use; for development, serve with --dev",
        );
    }
    if !cookie.http_only && !name.contains("csrf") {
        fault(
            format!("{name} has no HttpOnly: any script in a page can take it"),
            "let the proxy pass Set-Cookie on unchanged",
        );
    }
    if !["Lax", "Strict", "None"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(cookie.same_site))
    {
        fault(
            format!("{name} has no SameSite: browsers differ about what that means"),
            "let the proxy pass Set-Cookie on unchanged",
        );
    }
    if cookie.same_site.eq_ignore_ascii_case("None") && !cookie.secure {
        fault(
            format!("{name} is SameSite=None without Secure: browsers drop it"),
            "serve over https with cookies.secure on",
        );
    }
    let host = probe.host();
    let reaches = |domain: &str| {
        host == domain
            || host
                .strip_suffix(domain)
                .is_some_and(|rest| rest.ends_with('.'))
    };
    if cookie.domain.is_some_and(|domain| !reaches(domain)) {
        fault(
            format!(
                "{name} is for {}, which is not {host} nor above it: browsers drop it",
                cookie.domain.unwrap_or_default()
            ),
            "leave cookies.domain out, or name the host that browsers use, or one above it",
        );
    }
    let is_bound = name.starts_with("__Host-");
    if is_bound && (cookie.path != "/" || cookie.domain.is_some() || !cookie.secure)
        || name.starts_with("__Secure-") && !cookie.secure
    {
        fault(
            format!("{name} breaks the rule of its prefix: browsers drop it"),
            "let the proxy pass Set-Cookie on unchanged, and serve over https",
        );
    }
}

/// Pages of another site get no Lax or Strict cookies, and from many browsers no others either.
fn sites(cookies: &[Cookie<'_>], probe: &Probe, origins: &[String], findings: &mut Vec<Finding>) {
    let strangers: Vec<&str> = origins
        .iter()
        .map(String::as_str)
        .filter(|origin| !is_same_site(origin, probe.origin()))
        .collect();
    if strangers.is_empty() {
        return;
    }
    let strangers = strangers.join(", ");
    if cookies
        .iter()
        .any(|cookie| !cookie.same_site.eq_ignore_ascii_case("None"))
    {
        findings.push(Finding::fault(
            "sites",
            format!("pages of {strangers} are another site: browsers send them no SameSite=Lax or Strict cookies, and nobody stays logged in"),
            "serve front-end and API from one site, as app.example.com and api.example.com are; or set cookies.same_site = \"none\"",
        ));
    } else {
        findings.push(Finding::warning(
            "sites",
            format!("pages of {strangers} are another site: Safari, Firefox and private windows block their cookies as third-party ones"),
            "serve front-end and API from one site, as app.example.com and api.example.com are",
        ));
    }
}
