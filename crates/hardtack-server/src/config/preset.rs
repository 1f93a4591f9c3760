//! Presets: the tables of settings in `presets/`, below whatever the operator says.

use hardtack::settings::Preset;

use super::file::{Assignment, parse_file};
use super::problem::{Origin, Problems};

/// The table of a preset, as the operator could have written it.
pub(crate) const fn text(preset: Preset) -> &'static str {
    match preset {
        Preset::DjRestAuth => include_str!("presets/dj-rest-auth.toml"),
        Preset::DrfJwtHttponlyCookie => include_str!("presets/drf-jwt-httponly-cookie.toml"),
        Preset::SimplejwtActivity => include_str!("presets/simplejwt-activity.toml"),
        _ => include_str!("presets/hardtack.toml"),
    }
}

/// The word for it in `hardtack.toml`.
pub(crate) fn name(preset: Preset) -> &'static str {
    let mut all = Preset::ALL.into_iter();
    all.find(|(_, other)| *other == preset)
        .map_or("hardtack", |(name, _)| name)
}

/// What it sets.
pub(super) fn assignments(preset: Preset) -> Result<Vec<Assignment>, Problems> {
    let name = name(preset);
    let mut assignments = parse_file(name, text(preset))?;
    for assignment in &mut assignments {
        assignment.origin = Origin::Preset(name);
    }
    Ok(assignments)
}

#[cfg(test)]
mod tests {
    use hardtack::settings::{PublicUrl, Settings};

    use super::super::Sources;
    use super::*;

    #[test]
    fn a_table_and_the_library_agree_on_every_preset() {
        for (name, preset) in Preset::ALL {
            let sources = Sources::default().with_flag("--test", "preset", Some(name.to_owned()));
            let loaded = sources.overlay("hardtack.toml", "").unwrap();
            let public_url = PublicUrl::parse("http://127.0.0.1:8000").unwrap();
            let library = Settings::new(public_url).with_preset(preset);
            assert_eq!(
                format!("{:#?}", loaded.config.settings),
                format!("{library:#?}")
            );
        }
    }

    /// A line that changes nothing would be believed to be needed.
    #[test]
    fn every_line_of_a_table_differs_from_the_default() {
        let defaults = Sources::default().overlay("hardtack.toml", "").unwrap();
        for (name, preset) in Preset::ALL {
            let sources = Sources::default().with_flag("--test", "preset", Some(name.to_owned()));
            let loaded = sources.overlay("hardtack.toml", "").unwrap();
            for assignment in assignments(preset).unwrap() {
                let key = assignment.name;
                let value = |entries: &[super::super::overlay::Entry]| {
                    let entry = entries.iter().find(|entry| entry.key == key);
                    entry.unwrap().value.as_ref().map(ToString::to_string)
                };
                assert_ne!(
                    value(&loaded.entries),
                    value(&defaults.entries),
                    "{name}: {key}"
                );
            }
        }
    }
}
