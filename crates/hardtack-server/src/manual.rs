//! The manual pages. They follow from the command line and from the table of configuration keys,
//! so they cannot say something else.

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::cli::Cli;

mod configuration;

/// What the pages of all sections are headed with.
const MANUAL: &str = "Hardtack";

/// One page.
#[derive(Debug)]
pub(crate) struct Page {
    name: String,
    section: char,
    /// What `man` reads.
    pub(crate) text: String,
}

impl Page {
    /// Where it belongs below a directory of manuals: `man1/hardtack.1`.
    pub(crate) fn path(&self) -> String {
        let Self { name, section, .. } = self;
        format!("man{section}/{name}.{section}")
    }
}

/// All of them: `hardtack`, each command and each command below it, and the configuration file.
pub(crate) fn pages() -> Vec<Page> {
    // Its own page would only repeat what `--help` does.
    let mut hardtack = Cli::command().disable_help_subcommand(true);
    hardtack.build();
    let mut pages = Vec::new();
    describe(&hardtack, &mut pages);
    pages.push(configuration::page());
    pages
}

fn describe(command: &Command, pages: &mut Vec<Page>) {
    pages.push(Page {
        name: display_name(command).to_owned(),
        section: '1',
        text: text(command),
    });
    for below in command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
    {
        describe(below, pages);
    }
}

fn display_name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

fn text(command: &Command) -> String {
    let page = Man::new(command.clone()).source(source()).manual(MANUAL);
    let mut text = Vec::new();
    let sections = [
        Man::render_title,
        Man::render_name_section,
        Man::render_synopsis_section,
        Man::render_description_section,
        Man::render_options_section,
    ];
    for render in sections {
        append(&mut text, |text| render(&page, text));
    }
    if command.has_subcommands() {
        append(&mut text, |text| page.render_subcommands_section(text));
    }
    let mut rest = Roff::new();
    if let Some(help) = command.get_after_help() {
        notes(&mut rest, &help.to_string());
    }
    see_also(&mut rest, command);
    append(&mut text, |text| rest.to_writer(text));
    String::from_utf8(text).unwrap_or_default()
}

/// Writing to memory fails only when there is none.
fn append(text: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) {
    let _ = write(text);
}

/// What stands below the help in a terminal: paragraphs, of which `Examples:` is set as it is.
fn notes(page: &mut Roff, help: &str) {
    for paragraph in help.split("\n\n") {
        if let Some(examples) = paragraph.strip_prefix("Examples:\n") {
            page.control("SH", ["EXAMPLES"]).control("nf", []);
            for example in examples.lines() {
                page.text([roman(example)]);
            }
            page.control("fi", []);
        } else {
            page.control("SH", ["NOTES"]);
            page.text([roman(paragraph.replace('\n', " "))]);
        }
    }
}

fn see_also(page: &mut Roff, command: &Command) {
    let name = display_name(command);
    let mut others: Vec<String> = command
        .get_subcommands()
        .map(|below| format!("{}(1)", display_name(below)))
        .collect();
    if let Some((above, _)) = name.rsplit_once('-') {
        others.insert(0, format!("{above}(1)"));
    }
    others.push("hardtack.toml(5)".to_owned());
    page.control("SH", ["SEE ALSO"]);
    page.text([roman(others.join(", "))]);
}

fn source() -> String {
    format!("hardtack {}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(name: &str) -> Page {
        let mut pages = pages();
        let at = pages.iter().position(|page| page.name == name).unwrap();
        pages.swap_remove(at)
    }

    #[test]
    fn examples_keep_their_lines() {
        let serve = page("hardtack-serve").text;
        let (_, examples) = serve.split_once(".SH EXAMPLES\n.nf\n").unwrap();
        let (examples, notes) = examples.split_once(".fi\n").unwrap();
        assert!(
            examples.contains("hardtack serve \\-\\-dev\n"),
            "{examples}"
        );
        assert!(notes.starts_with(".SH NOTES\n"), "{notes}");
    }

    #[test]
    fn a_page_names_its_neighbours() {
        let rotate = page("hardtack-key-rotate").text;
        assert!(
            rotate.ends_with(".SH \"SEE ALSO\"\nhardtack\\-key(1), hardtack.toml(5)\n"),
            "{rotate}"
        );
        assert!(page("hardtack").text.contains("hardtack\\-serve(1)"));
    }

    #[test]
    fn the_title_says_what_it_is_and_of_which_release() {
        let version = env!("CARGO_PKG_VERSION");
        let title = format!(".TH hardtack-serve 1  \"hardtack {version}\" Hardtack");
        let serve = page("hardtack-serve").text;
        assert!(serve.contains(&title), "{serve}");
    }
}
