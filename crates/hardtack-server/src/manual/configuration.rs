//! hardtack.toml(5): every key, from the table.

use clap_mangen::roff::{Roff, bold, italic, roman};

use super::{MANUAL, Page, source};
use crate::config::reference;
use crate::config::table::keys;

pub(super) fn page() -> Page {
    let mut page = Roff::new();
    let source = source();
    page.control("TH", ["hardtack.toml", "5", "", &source, MANUAL]);
    page.control("SH", ["NAME"]);
    page.text([roman("hardtack.toml - the configuration of Hardtack")]);
    page.control("SH", ["DESCRIPTION"]);
    for paragraph in DESCRIPTION {
        page.text([roman(*paragraph)]).control("PP", []);
    }
    let mut section = "";
    for key in keys() {
        if key.section() != section {
            section = key.section();
            let heading = format!("[{section}]");
            let is_sectioned = reference::is_sectioned(key);
            page.control(
                "SH",
                [if is_sectioned {
                    &heading
                } else {
                    reference::FIRST
                }],
            );
        }
        let name = key.name.split_once('.').map_or(key.name, |(_, name)| name);
        page.control("TP", []);
        page.text([
            bold(name),
            roman(" = "),
            italic(reference::takes(key)),
            roman(format!("; default: {}", reference::default(key))),
        ]);
        page.text([roman(key.meaning.replace('`', ""))]);
    }
    page.control("SH", ["SEE ALSO"]);
    page.text([roman(
        "hardtack(1), hardtack-config(1); `hardtack config reference` prints this for a terminal.",
    )]);
    Page {
        name: "hardtack.toml".to_owned(),
        section: '5',
        text: page.render(),
    }
}

const DESCRIPTION: &[&str] = &[
    "A TOML file: hardtack.toml in the working directory, or the file that --config names. Every key \
     can be left out but server.public_url.",
    "A preset is overlaid by the file, the file by the environment, the environment by flags. The variable of a key is \
     HARDTACK__SECTION__KEY, as in HARDTACK__TOKENS__ACCESS_LIFETIME=5m; lists have commas there.",
    "Durations are written 90s, 15m, 12h, 7d, 1h30m; sizes 64KiB, 2MiB. Secrets are never values \
     here: they are files, and keys say where they are.",
    "Mistakes stop the start. `hardtack config check` finds them beforehand, `hardtack config show` \
     tells what is in force and who said so.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_the_page() {
        let text = page().text;
        for key in keys() {
            let (heading, name) = match key.name.split_once('.') {
                Some((section, name)) => (format!("[{section}]"), name),
                None => (format!("\"{}\"", reference::FIRST), key.name),
            };
            let (_, rest) = text.split_once(&format!(".SH {heading}\n")).unwrap();
            let rest = rest.split("\n.SH ").next().unwrap();
            assert!(
                rest.contains(&format!(".TP\n\\fB{name}\\fR = ")),
                "{}",
                key.name
            );
        }
    }
}
