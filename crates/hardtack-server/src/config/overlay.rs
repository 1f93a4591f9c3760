//! The order in which the sources speak: table, preset, file, environment, flags. The last one wins.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use hardtack::settings::Preset;
use serde::Serialize;

use super::Config;
use super::file::{Assignment, parse_file};
use super::key::{Default, Key, Value};
use super::nearest::{misspelt, unknown};
use super::preset;
use super::problem::{Origin, Problem, Problems};
use super::table::keys;
use super::value::Given;

/// The file that is read when nobody names one and it exists.
pub(crate) const DEFAULT_FILE: &str = "hardtack.toml";

const VARIABLE_PREFIX: &str = "HARDTACK__";

/// Where configuration comes from.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sources {
    /// `--config`. A file that is named must exist.
    pub(crate) file: Option<PathBuf>,
    /// The environment.
    pub(crate) variables: Vec<(OsString, OsString)>,
    /// Flags that set a key: the flag, the key, the value.
    pub(crate) flags: Vec<(&'static str, &'static str, String)>,
}

/// A configuration, and where each value came from.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    /// The types.
    pub(crate) config: Config,
    /// One for each key of the table, in its order.
    pub(crate) entries: Vec<Entry>,
}

/// What a key was set to, and by whom.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    /// `section.key`.
    pub(crate) key: &'static str,
    /// `None` when nobody set it and the table has no value either.
    pub(crate) value: Option<Value>,
    /// Who.
    #[serde(serialize_with = "serialize_origin")]
    pub(crate) origin: Origin,
}

fn serialize_origin<S: serde::Serializer>(
    origin: &Origin,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(origin)
}

impl Sources {
    /// Those of this process, with `file` as `--config`.
    pub(crate) fn of_process(file: Option<PathBuf>) -> Self {
        Self {
            file,
            variables: std::env::vars_os().collect(),
            flags: Vec::new(),
        }
    }

    /// With a flag that sets a key.
    pub(crate) fn with_flag(
        mut self,
        flag: &'static str,
        key: &'static str,
        value: Option<String>,
    ) -> Self {
        self.flags.extend(value.map(|value| (flag, key, value)));
        self
    }

    /// Reads everything and reports everything that is wrong with it. Contradictions between
    /// values are [`super::contradiction`]'s question.
    pub(crate) fn load(&self) -> Result<Loaded, Problems> {
        let path = self.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.file.is_none() => {
                String::new()
            }
            Err(error) => {
                return Err(Problems::one(
                    None,
                    format!("cannot read {}: {error}", path.display()),
                ));
            }
        };
        self.overlay(&path.display().to_string(), &text)
    }

    /// As [`Self::load`], with `text` for what the file at `path` says.
    pub(crate) fn overlay(&self, path: &str, text: &str) -> Result<Loaded, Problems> {
        let mut problems = Vec::new();
        let mut assignments = parse_file(path, text)?;
        assignments.extend(self.read_variables(&mut problems));
        assignments.extend(self.flags.iter().map(|(flag, key, value)| Assignment {
            name: (*key).to_owned(),
            given: Given::Bare(value.clone()),
            origin: Origin::Flag(flag),
        }));
        let mut config = Config::blank().map_err(|error| Problems::one(None, error.to_string()))?;
        let mut entries: Vec<Entry> = keys()
            .map(|key| Entry {
                key: key.name,
                value: default_of(key, &mut config, &mut problems),
                origin: Origin::Default,
            })
            .collect();
        let preset = preset::assignments(preset_of(&assignments, &mut config))?;
        for Assignment {
            name,
            given,
            origin,
        } in preset.into_iter().chain(assignments)
        {
            let found = keys().zip(&mut entries).find(|(key, _)| key.name == name);
            let Some((key, entry)) = found else {
                problems.push(Problem {
                    origin: Some(origin),
                    message: unknown(&name),
                });
                continue;
            };
            match key.kind.take(&mut config, &given) {
                Ok(value) => {
                    entry.value = Some(value);
                    entry.origin = origin;
                }
                Err(wanted) => problems.push(Problem {
                    origin: Some(origin),
                    message: format!("{name}: {wanted}"),
                }),
            }
        }
        let templates = &mut config.settings.mail.templates_dir;
        *templates = templates
            .take()
            .map(|named| config.server.data_dir.join(named));
        if problems.is_empty() {
            Ok(Loaded { config, entries })
        } else {
            Err(Problems(problems))
        }
    }

    fn read_variables(&self, problems: &mut Vec<Problem>) -> Vec<Assignment> {
        let mut assignments = Vec::new();
        for (variable, value) in &self.variables {
            let Some(variable) = variable.to_str() else {
                continue;
            };
            let Some(name) = variable.strip_prefix(VARIABLE_PREFIX) else {
                problems.extend(misspelt(variable));
                continue;
            };
            let name = name.to_ascii_lowercase().replace("__", ".");
            let origin = Origin::Variable(variable.to_owned());
            match value.to_str() {
                Some(value) => {
                    assignments.push(Assignment {
                        name,
                        given: Given::Bare(value.to_owned()),
                        origin,
                    });
                }
                None => problems.push(Problem {
                    origin: Some(origin),
                    message: format!("{name}: the value is not UTF-8"),
                }),
            }
        }
        // The environment has no order; problems should.
        assignments.sort_by(|one, other| one.name.cmp(&other.name));
        assignments
    }
}

/// Which table the operator's own words stand on: it has to be known before the first of them. What is
/// wrong with them is told when it is their turn.
fn preset_of(assignments: &[Assignment], config: &mut Config) -> Preset {
    if let Some(key) = keys().find(|key| key.name == "preset") {
        for said in assignments.iter().filter(|said| said.name == key.name) {
            let _ = key.kind.take(config, &said.given);
        }
    }
    config.preset
}

fn default_of(key: &Key, config: &mut Config, problems: &mut Vec<Problem>) -> Option<Value> {
    let Default::Is(text) = key.default else {
        return None;
    };
    match key.kind.take(config, &Given::Bare(text.to_owned())) {
        Ok(value) => Some(value),
        Err(wanted) => {
            problems.push(Problem {
                origin: None,
                message: format!("{}: {wanted}", key.name),
            });
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(
        file: &str,
        variables: &[(&str, &str)],
        flags: &[(&'static str, &'static str, &str)],
    ) -> Result<Loaded, String> {
        let sources = Sources {
            file: None,
            variables: variables
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            flags: flags
                .iter()
                .map(|(flag, key, value)| (*flag, *key, (*value).to_owned()))
                .collect(),
        };
        sources.overlay(DEFAULT_FILE, file).map_err(|problems| {
            let text = problems.to_string();
            text.strip_prefix("the configuration cannot be used\n  ")
                .unwrap()
                .to_owned()
        })
    }

    fn entry(loaded: &Loaded, key: &str) -> (String, String) {
        let entry = loaded
            .entries
            .iter()
            .find(|entry| entry.key == key)
            .unwrap();
        (
            entry.value.as_ref().unwrap().to_string(),
            entry.origin.to_string(),
        )
    }

    #[test]
    fn flags_overlay_the_environment_which_overlays_the_file_which_overlays_the_table() {
        let file = "[server]\nlisten = \"127.0.0.1:1\"\n[tokens]\naccess_lifetime = \"5m\"\n[session]\nidle_timeout = \"1d\"\n";
        let variables = [
            ("HARDTACK__SERVER__LISTEN", "127.0.0.1:2"),
            ("HARDTACK__TOKENS__ACCESS_LIFETIME", "6m"),
        ];
        let flags = [("--listen", "server.listen", "127.0.0.1:3")];
        let loaded = load(file, &variables, &flags).unwrap();
        assert_eq!(
            entry(&loaded, "server.listen"),
            ("\"127.0.0.1:3\"".into(), "--listen".into())
        );
        assert_eq!(
            entry(&loaded, "tokens.access_lifetime"),
            ("\"6m\"".into(), "HARDTACK__TOKENS__ACCESS_LIFETIME".into())
        );
        assert_eq!(entry(&loaded, "session.idle_timeout").0, "\"1d\"");
        assert!(entry(&loaded, "session.idle_timeout").1.ends_with(":6"));
        assert_eq!(
            entry(&loaded, "session.absolute_timeout"),
            ("\"30d\"".into(), "default".into())
        );
        assert_eq!(loaded.config.server.listen.port(), 3);
        assert_eq!(loaded.config.settings.tokens.access_lifetime.as_secs(), 360);
    }

    #[test]
    fn a_preset_stands_under_whatever_else_is_said_and_shows_where_it_speaks() {
        let file = "preset = \"simplejwt-activity\"\n[cookies]\nsame_site = \"lax\"\n";
        let loaded = load(file, &[("HARDTACK__TOKENS__IN_BODY", "both")], &[]).unwrap();
        for (key, value, origin) in [
            ("preset", "\"simplejwt-activity\"", "hardtack.toml:1"),
            (
                "routes.refresh",
                "\"/refresh-token\"",
                "preset simplejwt-activity",
            ),
            (
                "response.missing_refresh_status",
                "400",
                "preset simplejwt-activity",
            ),
            ("cookies.same_site", "\"lax\"", "hardtack.toml:3"),
            ("tokens.in_body", "\"both\"", "HARDTACK__TOKENS__IN_BODY"),
            ("routes.login", "\"login\"", "default"),
        ] {
            assert_eq!(entry(&loaded, key), (value.into(), origin.into()), "{key}");
        }
        // The last word about the preset decides which table it is.
        let loaded = load(file, &[("HARDTACK__PRESET", "hardtack")], &[]).unwrap();
        assert_eq!(entry(&loaded, "routes.refresh").1, "default");
        assert_eq!(
            load("preset = \"djoser\"", &[], &[]).unwrap_err(),
            "hardtack.toml:1: preset: \"djoser\" is none of: hardtack, dj-rest-auth, drf-jwt-httponly-cookie, simplejwt-activity"
        );
    }

    #[test]
    fn unknown_keys_are_named_with_their_line_and_their_nearest_relative() {
        for (file, message) in [
            (
                "[tokens]\n\nacces_lifetime = \"5m\"\n",
                "hardtack.toml:3: unknown key tokens.acces_lifetime; did you mean tokens.access_lifetime?",
            ),
            (
                "[session]\naccess_lifetime = \"5m\"\n",
                "hardtack.toml:2: unknown key session.access_lifetime; did you mean tokens.access_lifetime?",
            ),
            (
                "listen = \"x\"\n",
                "hardtack.toml:1: unknown key listen; did you mean server.listen?",
            ),
            (
                "[mail]\nsmtp = \"x\"\n",
                "hardtack.toml:2: unknown key mail.smtp; `hardtack config reference` lists every key",
            ),
            (
                "[biscuits]\n",
                "hardtack.toml:1: unknown key biscuits; `hardtack config reference` lists every key",
            ),
            (
                "[tokens.access_lifetime]\nminutes = 5\n",
                "hardtack.toml:2: unknown key tokens.access_lifetime.minutes; did you mean tokens.access_lifetime?",
            ),
            (
                "tokens = 5\n",
                "hardtack.toml:1: unknown key tokens; `hardtack config reference` lists every key",
            ),
        ] {
            assert_eq!(load(file, &[], &[]).unwrap_err(), message, "{file}");
        }
        assert_eq!(
            load("", &[("HARDTACK__TOKEN__ACCESS_LIFETIME", "5m")], &[]).unwrap_err(),
            "HARDTACK__TOKEN__ACCESS_LIFETIME: unknown key token.access_lifetime; did you mean tokens.access_lifetime?"
        );
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        for variable in [
            "PATH",
            "HARDTACK",
            "HARDTACK_HOME",
            "HARDTACK_BIN",
            "HARDTACK_LOG",
            // Kubernetes, for services called `hardtack` and `hardtack-server`.
            "HARDTACK_PORT",
            "HARDTACK_SERVICE_HOST",
            "HARDTACK_PORT_8000_TCP_ADDR",
            "HARDTACK_SERVER_PORT",
            "HARDTACK_SERVER_SERVICE_HOST",
            "HARDTACK_SERVER_SERVICE_PORT_HTTP",
        ] {
            assert!(load("", &[(variable, "x")], &[]).is_ok(), "{variable}");
        }
    }

    /// One underscore too few, and a production server would run without the setting.
    #[test]
    fn a_misspelt_variable_stops_the_start() {
        for variable in [
            "HARDTACK_SERVER__PUBLIC_URL",
            "HARDTACK_SERVER_PUBLIC_URL",
            "HARDTACK___SERVER__PUBLIC_URL",
            "HARDTACK_SERVER__PUBLIC_ULR",
        ] {
            let error = load("", &[(variable, "https://app.example.com")], &[]).unwrap_err();
            assert!(error.starts_with(&format!("{variable}: ")), "{error}");
        }
        assert_eq!(
            load("", &[("HARDTACK_COOKIES_SECURE", "true")], &[]).unwrap_err(),
            "HARDTACK_COOKIES_SECURE: sets nothing; did you mean HARDTACK__COOKIES__SECURE?"
        );
        assert_eq!(
            load("", &[("HARDTACK__SERVER_PUBLIC_URL", "x")], &[]).unwrap_err(),
            "HARDTACK__SERVER_PUBLIC_URL: unknown key server_public_url; did you mean server.public_url?"
        );
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named_with_what_is_wanted() {
        for (file, message) in [
            (
                "tokens.access_lifetime = 15",
                "hardtack.toml:1: tokens.access_lifetime: a duration with its unit is wanted, as in \"90s\", \"15m\", \"12h\" or \"7d\"",
            ),
            (
                "csrf.double_submit = \"yes\"",
                "hardtack.toml:1: csrf.double_submit: true or false is wanted, without quotes",
            ),
            (
                "cookies.same_site = \"loose\"",
                "hardtack.toml:1: cookies.same_site: \"loose\" is none of: lax, strict, none",
            ),
            (
                "cors.allowed_origins = \"https://a.example\"",
                "hardtack.toml:1: cors.allowed_origins: a list of texts is wanted, as in [\"one\", \"two\"]",
            ),
            (
                "rate_limit.login_per_user = 0",
                "hardtack.toml:1: rate_limit.login_per_user: 0 is not from 1 to 100 (logins)",
            ),
            (
                "rate_limit.login_per_user = 100000",
                "hardtack.toml:1: rate_limit.login_per_user: 100000 is not from 1 to 100 (logins)",
            ),
            (
                "server.data_dir = \"\\n\"",
                "hardtack.toml:1: server.data_dir: it has a line break or another control character",
            ),
            (
                "response.missing_refresh_status = 404",
                "hardtack.toml:1: response.missing_refresh_status: 404 is none of: 401, 400, 403",
            ),
            (
                "response.user_fields = [\"password\"]",
                "hardtack.toml:1: response.user_fields: \"password\" is none of username, email, first_name and last_name, or stands there twice",
            ),
            (
                "routes.login = \"login/\"",
                "hardtack.toml:1: routes.login: \"login/\" ends with a slash; write \"login\", which answers with one too",
            ),
            (
                "routes.login = \"/\"",
                "hardtack.toml:1: routes.login: \"/\" is not a name as in login, token/refresh or /refresh-token",
            ),
            (
                "routes.base_path = \"/accounts/auth/\"",
                "hardtack.toml:1: routes.base_path: \"/accounts/auth/\" ends with a slash; write \"/accounts/auth\"",
            ),
            (
                "server.listen = 8000",
                "hardtack.toml:1: server.listen: a text in quotes is wanted, not a number",
            ),
        ] {
            assert_eq!(load(file, &[], &[]).unwrap_err(), message, "{file}");
        }
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let error = load("a = 1\nb = 2\n", &[("HARDTACK__C__D", "")], &[]).unwrap_err();
        assert_eq!(error.lines().count(), 3, "{error}");
    }

    #[test]
    fn a_named_file_must_exist() {
        let sources = Sources {
            file: Some("/nowhere/hardtack.toml".into()),
            ..Sources::default()
        };
        assert_eq!(
            sources.load().unwrap_err().to_string(),
            "the configuration cannot be used\n  cannot read /nowhere/hardtack.toml: No such file or directory (os error 2)"
        );
    }
}
