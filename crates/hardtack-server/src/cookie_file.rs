//! What the cookies were before: `cookies.json` in the data directory. An operator who renames or
//! moves a cookie need not know that browsers go on sending the old one.

use anyhow::{Context as _, Result};
use hardtack::settings::{PlacedCookie, Settings};
use hardtack_core::{Secret, Timestamp};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::data_dir::DataDir;
use crate::private_file::{read_private, write_private};

const NAME: &str = "cookies.json";

/// No browser keeps a cookie longer than 400 days (RFC 6265bis §5.5).
const KEPT_SECONDS: i64 = 400 * 86_400;

/// The heads of answers have an end, and with a change a year nobody gets that far.
const MOST: usize = 9;

/// The file.
#[derive(Debug, Default, PartialEq, Eq, Clone, Serialize, Deserialize)]
struct Saved {
    /// As the server set them when it last ran.
    current: Vec<String>,
    /// What it set before, the oldest first.
    former: Vec<Former>,
}

#[derive(Debug, PartialEq, Eq, Clone, Serialize, Deserialize)]
struct Former {
    cookie: String,
    /// Seconds since the epoch, when the last browser has forgotten it.
    until: i64,
}

impl Saved {
    /// The same at `now`, with the cookies being `current` from here on.
    fn at(&self, now: Timestamp, current: Vec<String>) -> Self {
        let now = now.unix_micros() / 1_000_000;
        let replaced = self.current.iter().map(|cookie| Former {
            cookie: cookie.clone(),
            until: now + KEPT_SECONDS,
        });
        let mut former: Vec<Former> = self.former.iter().cloned().chain(replaced).collect();
        former.retain(|former| former.until > now && !current.contains(&former.cookie));
        let surplus = former.len().saturating_sub(MOST);
        former.drain(..surplus);
        Self { current, former }
    }
}

/// Notes what the cookies are from now on, and adds what they were to `settings.cookies.former`.
pub(crate) fn remember(data_dir: &DataDir, settings: &mut Settings, now: Timestamp) -> Result<()> {
    let path = data_dir.file(NAME);
    let read = || -> Result<Saved> {
        Ok(match read_private(&path)? {
            Some(text) => serde_json::from_str(text.expose_secret())?,
            None => Saved::default(),
        })
    };
    // Without it browsers keep a cookie that nobody reads: no reason not to start.
    let saved = read().unwrap_or_else(|error| {
        warn!(
            error = format!("{error:#}"),
            "{} is made anew; cookies from before a change are not cleared",
            path.display()
        );
        Saved::default()
    });
    let placed = settings.cookies.placed(&settings.base_path);
    let next = saved.at(now, placed.map(|cookie| cookie.to_string()).into());
    if next != saved {
        let text = serde_json::to_string_pretty(&next).context("cookies.json")?;
        write_private(&path, &Secret::new(text))?;
    }
    let room = PlacedCookie::MOST_FORMER.saturating_sub(settings.cookies.former.len());
    for former in next.former.iter().rev().take(room) {
        // A line that somebody broke by hand is passed over.
        let Ok(cookie) = PlacedCookie::parse(&former.cookie) else {
            continue;
        };
        if !settings.cookies.former.contains(&cookie) {
            settings.cookies.former.push(cookie);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hardtack::PublicUrl;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    /// Starts with these cookies, and gives what is cleared as former ones.
    fn start(
        data_dir: &DataDir,
        now: Timestamp,
        change: impl FnOnce(&mut Settings),
    ) -> Vec<String> {
        let mut settings = Settings::new(PublicUrl::parse("https://app.example.com").unwrap());
        change(&mut settings);
        remember(data_dir, &mut settings, now).unwrap();
        settings.verify().unwrap();
        let former = settings.cookies.former.iter();
        former.map(ToString::to_string).collect()
    }

    fn widen(settings: &mut Settings) {
        settings.cookies.refresh_path = Some("/".into());
    }

    #[test]
    fn a_change_is_remembered_until_no_browser_has_the_old_cookie_any_more() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open_or_create(root.path()).unwrap();
        let day = std::time::Duration::from_secs(86_400);
        assert!(start(&data_dir, NOW, |_| {}).is_empty());
        assert!(start(&data_dir, NOW, |_| {}).is_empty());
        let old = ["refresh; Path=/api/auth"];
        assert_eq!(start(&data_dir, NOW, widen), old);
        assert_eq!(start(&data_dir, NOW + 399 * day, widen), old);
        assert!(start(&data_dir, NOW + 400 * day, widen).is_empty());
    }

    /// What is set now must never be cleared in the same answer.
    #[test]
    fn a_change_that_is_taken_back_is_no_former_one() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open_or_create(root.path()).unwrap();
        start(&data_dir, NOW, |_| {});
        start(&data_dir, NOW, widen);
        assert_eq!(start(&data_dir, NOW, |_| {}), ["refresh; Path=/"]);
    }

    #[test]
    fn many_changes_and_a_full_list_of_the_operators_are_not_too_many() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open_or_create(root.path()).unwrap();
        for round in 0..20 {
            let former = start(&data_dir, NOW, |settings| {
                settings.cookies.refresh_name = format!("refresh{round}");
                settings.cookies.former = (0..5)
                    .map(|number| PlacedCookie::parse(&format!("django{number}")).unwrap())
                    .collect();
            });
            assert_eq!(former.len(), 5 + round.min(7));
        }
    }

    #[test]
    fn a_damaged_file_does_not_keep_the_server_from_starting() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open_or_create(root.path()).unwrap();
        write_private(&data_dir.file(NAME), &Secret::new("{".to_owned())).unwrap();
        assert!(start(&data_dir, NOW, |_| {}).is_empty());
        assert_eq!(start(&data_dir, NOW, widen).len(), 1);
    }
}
