//! Routes and pages where something else is served.

use super::{Config, Found, Mode};

/// What `--dev` alone serves stands in front of everything else.
pub(super) fn contradictions(config: &Config, mode: Mode) -> Found {
    if mode == Mode::Production {
        return Found::new();
    }
    let settings = &config.settings;
    let pages = settings.pages.enabled.then_some(&settings.pages.base_path);
    let routes = Some(&settings.base_path);
    [("routes.base_path", routes), ("pages.base_path", pages)]
        .into_iter()
        .filter_map(|(key, place)| Some((key, place?)))
        .filter(|(_, place)| *place == "/dev" || place.starts_with("/dev/"))
        .map(|(key, place)| {
            (
                key,
                format!("{place} is where --dev has its own /dev; choose another"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::Sources;
    use super::*;

    /// A request for `/dev/mail/login/` would be one for a mail named `login`.
    #[test]
    fn dev_keeps_its_own_place() {
        let config = Sources::default()
            .with_flag("--test", "routes.base_path", Some("/dev/mail".to_owned()))
            .with_flag("--test", "pages.base_path", Some("/dev".to_owned()))
            .load()
            .unwrap()
            .config;
        let refused = |key, place| {
            let problem = format!("{place} is where --dev has its own /dev; choose another");
            (key, problem)
        };
        assert_eq!(
            contradictions(&config, Mode::Dev),
            [
                refused("routes.base_path", "/dev/mail"),
                refused("pages.base_path", "/dev")
            ]
        );
        assert!(contradictions(&config, Mode::Production).is_empty());
    }
}
