//! Where something is on the host: paths that routes and pages may stand at.

use super::SettingsError;

/// What the root of the host serves whatever is set
/// ([`Hardtack::root_router`](crate::Hardtack::root_router)). A second route there would end the
/// start in a panic, or hide it.
const SERVED: [&str; 3] = ["/healthz", "/readyz", "/.well-known"];

/// Refuses a `path` for routes or pages that is none, or that is taken at the root of the host.
pub(super) fn verify(key: &'static str, path: &str, example: &str) -> Result<(), SettingsError> {
    let wrong = |problem| Err(SettingsError { key, problem });
    if !is_place(path) {
        return wrong(format!(
            "must look like {example}: a leading slash, none at the end"
        ));
    }
    match served_at(path) {
        None => Ok(()),
        Some(served) => wrong(format!(
            "{path} is where the service has its own {served}; choose another, as in {example}"
        )),
    }
}

/// The place of ours at the root of the host that `path` is at or below.
pub(super) fn served_at(path: &str) -> Option<&'static str> {
    SERVED.into_iter().find(|served| is_below(path, served))
}

/// Is `path` at `parent`, or below it?
pub(super) fn is_below(path: &str, parent: &str) -> bool {
    let parent = parent.trim_end_matches('/');
    path.strip_prefix(parent)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Is it a path that a route can stand at: a slash in front, none at the end, and nothing that a
/// browser writes otherwise or that a router reads as a pattern?
pub(super) fn is_place(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|rest| {
        rest.split('/').all(|segment| {
            !matches!(segment, "" | "." | "..")
                && segment
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_path_that_everybody_reads_alike() {
        for good in ["/a", "/api/auth", "/a-b/_c/~d.e"] {
            assert!(is_place(good), "{good}");
        }
        for bad in [
            "", "/", "a", "/a/", "//a", "/a//b", "/./a", "/a/..", "/{a}", "/*", "/a b", "/é",
            "/%61", "/a?b", "/a;b",
        ] {
            assert!(!is_place(bad), "{bad}");
        }
    }

    /// Two routes at one place would be found out by the router alone, which panics.
    #[test]
    fn nothing_stands_where_the_service_has_its_own() {
        for (path, served) in [
            ("/healthz", "/healthz"),
            ("/readyz/auth", "/readyz"),
            ("/.well-known", "/.well-known"),
            ("/.well-known/jwks.json", "/.well-known"),
        ] {
            let refused = verify("routes.base_path", path, "/api/auth").unwrap_err();
            assert_eq!(
                refused.to_string(),
                format!(
                    "routes.base_path: {path} is where the service has its own {served}; choose another, as in /api/auth"
                )
            );
        }
    }

    #[test]
    fn what_begins_alike_is_not_below() {
        assert!(is_below("/a", "/a") && is_below("/a/b", "/a/") && is_below("/a", "/"));
        assert!(!is_below("/ab", "/a") && !is_below("/a", "/a/b"));
        assert_eq!(served_at("/.well-known/x"), Some("/.well-known"));
        assert_eq!(served_at("/healthzz"), None);
    }
}
