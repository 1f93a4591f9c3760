//! What is packed around the binary names files, keys and commands. They must be the binary's.

use std::path::Path;

use crate::house::House;

const CONFIG: &str = "/etc/hardtack/hardtack.toml";
const DATA_DIR: &str = "/var/lib/hardtack";
const BINARY: &str = "/usr/bin/hardtack";

fn packed(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging");
    std::fs::read_to_string(root.join(name)).unwrap()
}

/// The values of a unit's settings of that name.
fn settings<'a>(unit: &'a str, name: &str) -> Vec<&'a str> {
    unit.lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix('='))
        .collect()
}

/// The value of a key of the packed configuration, as the binary reads it.
fn in_force(house: &House, key: &str) -> (String, String) {
    let shown = house.json(&["config", "show", "--config", "packed.toml"]);
    let rows = shown.as_array().unwrap();
    let row = rows.iter().find(|row| row["key"] == key).unwrap();
    let text = |name: &str| row[name].as_str().unwrap().to_owned();
    (text("value"), text("origin"))
}

#[test]
fn the_packed_configuration_lacks_the_public_url_and_nothing_else() {
    let house = House::new();
    house.write("packed.toml", &packed("hardtack.toml"));
    // Its own data directory may exist on this machine.
    let check = &[
        "config",
        "check",
        "--config",
        "packed.toml",
        "--data-dir",
        "data",
    ];
    let error = house.fails(check);
    assert_eq!(error.lines().count(), 2, "{error}");
    assert!(error.contains("server.public_url: is not set"), "{error}");
    let house = house.with("server.public_url", "https://app.example.com");
    assert_eq!(house.ok(check), "the configuration is good\n");
}

#[test]
fn every_suggestion_in_the_packed_configuration_is_understood() {
    let house = House::new();
    let text = packed("hardtack.toml");
    let is_section = |line: &&str| line.starts_with('[');
    let mut section = "";
    let mut tried = 0;
    for line in text.lines() {
        if is_section(&line) {
            section = line;
        }
        let Some(suggestion) = line.strip_prefix("# ") else {
            continue;
        };
        if let Some((key, _)) = suggestion.split_once(" = ")
            && key
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            house.write("packed.toml", &format!("{section}\n{suggestion}\n"));
            house.ok(&["config", "show", "--config", "packed.toml"]);
            tried += 1;
        }
    }
    assert!(tried >= 10, "{tried}");
}

#[test]
fn the_unit_starts_the_binary_with_the_packed_configuration() {
    let unit = packed("systemd/hardtack.service");
    let starts = settings(&unit, "ExecStart");
    let [start] = starts[..] else {
        panic!("{starts:?}")
    };
    let words: Vec<&str> = start.split_whitespace().collect();
    assert_eq!(words, [BINARY, "serve", "--config", CONFIG]);
    assert_eq!(packed("debian/conffiles"), format!("{CONFIG}\n"));
    assert!(packed("debian/postinst").contains(&format!("CONFIG={CONFIG}\n")));
    // Understood: a flag that is gone would be refused before help is given.
    House::new().ok(&[&words[1..], &["--help"]].concat());
}

#[test]
fn the_unit_lets_the_server_write_where_its_data_is() {
    let unit = packed("systemd/hardtack.service");
    let house = House::new();
    house.write("packed.toml", &packed("hardtack.toml"));
    let (data_dir, origin) = in_force(&house, "server.data_dir");
    assert_eq!(data_dir, DATA_DIR);
    assert!(origin.starts_with("packed.toml:"), "{origin}");
    let state: Vec<String> = settings(&unit, "StateDirectory")
        .iter()
        .map(|name| format!("/var/lib/{name}"))
        .collect();
    assert_eq!(state, [DATA_DIR]);
    assert_eq!(settings(&unit, "StateDirectoryMode"), ["0700"]);
    let users = packed("systemd/hardtack.sysusers");
    assert!(users.contains(&format!("\nu hardtack - \"Hardtack\" {DATA_DIR}\n")));
    assert_eq!(settings(&unit, "User"), ["hardtack"]);
}

/// A server that was taken over must not be able to become anything else.
#[test]
fn the_unit_is_a_sandbox() {
    let unit = packed("systemd/hardtack.service");
    for (name, value) in [
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6"),
        ("RestrictNamespaces", "yes"),
        ("CapabilityBoundingSet", ""),
        ("SystemCallArchitectures", "native"),
    ] {
        assert_eq!(settings(&unit, name), [value], "{name}");
    }
    assert_eq!(
        settings(&unit, "SystemCallFilter"),
        ["@system-service", "~@privileged"]
    );
}

#[test]
fn the_container_runs_the_binary_and_asks_the_port_it_listens_on() {
    let text = packed("Containerfile").replace("\\\n", " ");
    let lines: Vec<&str> = text.lines().collect();
    let instruction = |name: &str| -> &str {
        let found: Vec<_> = lines
            .iter()
            .filter_map(|line| line.strip_prefix(name))
            .collect();
        found.last().unwrap().trim()
    };
    let words = |list: &str| -> Vec<String> { serde_json::from_str(list).unwrap() };
    assert_eq!(words(instruction("ENTRYPOINT")), [BINARY]);
    assert!(
        lines
            .iter()
            .any(|line| line.ends_with(&format!(" {BINARY}")))
    );
    assert_eq!(instruction("USER"), "nonroot:nonroot");
    assert_eq!(instruction("VOLUME"), DATA_DIR);

    let mut house = House::new();
    for variable in instruction("ENV").split_whitespace() {
        let (name, value) = variable.split_once('=').unwrap();
        let key = name.strip_prefix("HARDTACK__").unwrap().replace("__", ".");
        house = house.with(&key, value);
    }
    house.write("packed.toml", "");
    assert_eq!(in_force(&house, "server.data_dir").0, DATA_DIR);
    let (listen, _) = in_force(&house, "server.listen");
    assert_eq!(listen, format!("0.0.0.0:{}", instruction("EXPOSE")));

    let mut serve = words(instruction("CMD"));
    serve.push("--help".to_owned());
    house.ok(&serve.iter().map(String::as_str).collect::<Vec<_>>());
    let health = instruction("HEALTHCHECK").split_once("CMD").unwrap().1;
    let asked = listen.replace("0.0.0.0", "127.0.0.1");
    assert_eq!(
        words(health.trim()),
        [BINARY, "health", &format!("http://{asked}")]
    );
}
