//! Manual pages and completions say what the command line understands.

use std::collections::BTreeSet;

use crate::house::House;

/// The commands of `hardtack PATH --help`, and those below them: `["user", "add"]`.
fn commands(house: &House, path: &[String]) -> Vec<Vec<String>> {
    let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
    arguments.push("--help");
    let help = house.ok(&arguments);
    let Some((_, list)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for line in list.lines().take_while(|line| !line.is_empty()) {
        // What a long description goes on with is further in.
        let Some(line) = line
            .strip_prefix("  ")
            .filter(|line| !line.starts_with(' '))
        else {
            continue;
        };
        let name = line.split_whitespace().next().unwrap();
        if name != "help" {
            let below = [path, &[name.to_owned()]].concat();
            found.extend(commands(house, &below));
            found.push(below);
        }
    }
    found
}

#[test]
fn every_command_has_a_manual_page() {
    let house = House::new();
    let commands = commands(&house, &[]);
    assert!(commands.len() > 20, "{commands:?}");
    let said = house.ok(&["man", "manual"]);
    let mut wanted: BTreeSet<String> = commands
        .iter()
        .map(|command| format!("hardtack-{}.1", command.join("-")))
        .collect();
    wanted.insert("hardtack.1".to_owned());
    let written: BTreeSet<String> = house
        .path("manual/man1")
        .read_dir()
        .unwrap()
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(written, wanted);
    assert!(house.path("manual/man5/hardtack.toml.5").is_file());
    let pages = wanted.len() + 1;
    assert_eq!(said, format!("{pages} pages in manual\n"));
}

#[test]
fn every_shell_completes_every_command() {
    let house = House::new();
    let commands = commands(&house, &[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = house.ok(&["completions", shell]);
        for command in &commands {
            let name = command.last().unwrap();
            assert!(script.contains(name.as_str()), "{shell}: {command:?}");
        }
        assert!(script.contains("--data-dir") || script.contains("data-dir"));
    }
    assert!(
        house
            .ok(&["completions", "zsh"])
            .starts_with("#compdef hardtack\n")
    );
}

#[test]
fn the_completions_of_bash_are_bash() {
    let house = House::new();
    house.write("hardtack.bash", &house.ok(&["completions", "bash"]));
    let ask = "source hardtack.bash; COMP_WORDS=(hardtack user se); COMP_CWORD=2; \
               _hardtack hardtack se user; echo \"${COMPREPLY[*]}\"";
    let answer = std::process::Command::new("bash")
        .args(["--norc", "-c", ask])
        .current_dir(house.path("."))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "set-password\n");
}
