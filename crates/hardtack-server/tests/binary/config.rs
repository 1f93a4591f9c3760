//! A configuration that cannot be used does not start, and the message says what to do.

use serde_json::Value;

use crate::house::House;

#[test]
fn an_unknown_key_stops_the_start() {
    let house = House::new();
    house.write(
        "hardtack.toml",
        "[server]\npublic_url = \"https://app.example.com\"\n\n[tokens]\nacces_lifetime = \"5m\"\n",
    );
    for command in [&["serve"][..], &["config", "check"], &["user", "list"]] {
        assert_eq!(
            house.fails(command),
            "hardtack: the configuration cannot be used\n  hardtack.toml:5: unknown key tokens.acces_lifetime; did you mean tokens.access_lifetime?\n"
        );
    }
    assert!(!house.path("hardtack-data").exists(), "nothing was touched");
}

#[test]
fn contradictions_stop_the_start() {
    let house = House::new();
    house.write(
        "hardtack.toml",
        "[server]\npublic_url = \"http://app.example.com\"\n[cookies]\nsecure = false\n",
    );
    assert_eq!(
        house.fails(&["serve"]),
        "hardtack: the configuration cannot be used
  hardtack.toml:2: server.public_url: is plain http, where anybody on the way can take the cookies; write https://, with TLS in front or server.tls_cert and server.tls_key here (or try it on this machine with --dev)
  hardtack.toml:4: cookies.secure: is off, so that anybody on the way can take the cookies; leave it out (only --dev does without)\n"
    );
    let house = House::new();
    assert_eq!(
        house.fails(&["serve"]),
        "hardtack: the configuration cannot be used
  server.public_url: is not set; say where browsers reach this service, as in public_url = \"https://app.example.com\" (or try it on this machine with --dev)\n"
    );
    let house = House::public().with("cors.allowed_origins", "*");
    assert_eq!(
        house.fails(&["serve"]),
        "hardtack: the configuration cannot be used
  HARDTACK__CORS__ALLOWED_ORIGINS: cors.allowed_origins: a * would let every site act as the user, and browsers refuse it with cookies; list the origins\n"
    );
}

/// `--dev` on a network would hand everybody a service without its defences.
#[test]
fn dev_is_refused_on_an_address_that_others_reach() {
    assert_eq!(
        House::new().fails(&["serve", "--dev", "--listen", "0.0.0.0:0"]),
        "hardtack: the configuration cannot be used
  --listen: server.listen: 0.0.0.0:0 is not loopback, and --dev serves this machine only; listen on 127.0.0.1, or leave --dev out\n"
    );
}

/// docs/threat-model.md TK-7.
#[test]
fn weak_secrets_stop_the_start_and_are_not_shown() {
    let house = House::public();
    house.ok(&["migrate"]);
    let pepper = "aHVudGVyMg==";
    house.write("hardtack-data/pepper", pepper);
    let error = house.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(
        error,
        "hardtack: others can read hardtack-data/pepper (mode 0644); run: chmod 600 hardtack-data/pepper\n"
    );
    restrict(&house, "hardtack-data/pepper");
    let error = house.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(
        error,
        "hardtack: tokens.pepper_file: hardtack-data/pepper cannot be used; put back the right one, or make another with `openssl rand -base64 32` (which ends every session): a pepper is exactly 32 random bytes\n"
    );
    assert!(!error.contains(pepper));

    let house = House::public()
        .with("tokens.algorithm", "HS256")
        .with("tokens.key_file", "shared");
    house.ok(&["migrate"]);
    let secret = "django-insecure-8x!q@n2#v5l$z7^m9&w4*k6(p3)r1-t0_y";
    house.write("hardtack-data/shared", secret);
    restrict(&house, "hardtack-data/shared");
    let error = house.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(
        error,
        "hardtack: tokens.key_file: hardtack-data/shared cannot be used: the HS256 secret is a sample or plainly not random; make one with `openssl rand -base64 48`\n"
    );
    assert!(!error.contains(secret));
}

/// docs/threat-model.md SV-4: neither the check nor `config show` repeats what was pasted.
#[test]
fn a_secret_in_the_place_of_a_file_is_not_shown() {
    let secret = "8sM0YpWkzR5uXbJ3vQe7LhT1cNfA6gDiOoK9yZ2tGxE=";
    for key in ["tokens.key_file", "tokens.pepper_file"] {
        let house = House::public().with(key, secret);
        for command in [&["config", "check"][..], &["config", "show"], &["serve"]] {
            let error = house.fails(command);
            assert!(
                error.contains(&format!("{key}: this looks like a secret, not like a file")),
                "{error}"
            );
            assert!(!error.contains("8sM0"), "{error}");
        }
    }
}

fn restrict(house: &House, name: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(house.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn flags_overlay_variables_which_overlay_the_file_which_overlays_the_defaults() {
    let house = House::new()
        .with("session.idle_timeout", "2d")
        .with("server.data_dir", "from-environment");
    house.write(
        "hardtack.toml",
        "[session]\nidle_timeout = \"1d\"\nabsolute_timeout = \"20d\"\n",
    );
    let shown = house.json(&["config", "show", "--data-dir", "from-flag"]);
    let entry = |key: &str| {
        let entry = shown
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["key"] == key)
            .unwrap();
        (
            entry["value"].clone(),
            entry["origin"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(
        entry("server.data_dir"),
        ("from-flag".into(), "--data-dir".into())
    );
    assert_eq!(
        entry("session.idle_timeout"),
        ("2d".into(), "HARDTACK__SESSION__IDLE_TIMEOUT".into())
    );
    assert_eq!(
        entry("session.absolute_timeout"),
        ("20d".into(), "hardtack.toml:3".into())
    );
    assert_eq!(
        entry("tokens.access_lifetime"),
        ("15m".into(), "default".into())
    );
    assert_eq!(entry("server.public_url"), (Value::Null, "default".into()));
}

#[test]
fn another_file_is_named_by_flag_and_must_exist() {
    let house = House::new();
    house.write("other.toml", "log.level = \"warn\"\n");
    let shown = house.ok(&["config", "show", "--config", "other.toml"]);
    let line = shown
        .lines()
        .find(|line| line.starts_with("log.level"))
        .unwrap();
    assert_eq!(
        line.split_whitespace().collect::<Vec<_>>(),
        ["log.level", "\"warn\"", "other.toml:1"]
    );
    assert!(
        house
            .fails(&["config", "show", "--config", "none.toml"])
            .contains("cannot read none.toml")
    );
}

#[test]
fn a_good_configuration_is_said_to_be_good() {
    assert_eq!(
        House::public().ok(&["config", "check"]),
        "the configuration is good\n"
    );
    assert_eq!(
        House::new().ok(&["config", "check", "--dev"]),
        "the configuration is good\n"
    );
}

/// Where each value comes from, and a contradiction with the preset in the operator's own words.
#[test]
fn a_preset_is_shown_line_by_line_and_contradicted_by_name() {
    let house = House::public();
    house.write("hardtack.toml", "preset = \"drf-jwt-httponly-cookie\"\n");
    let shown = house.json(&["config", "show"]);
    let entry = |key: &str| {
        let mut entries = shown.as_array().unwrap().iter();
        entries.find(|entry| entry["key"] == key).unwrap().clone()
    };
    assert_eq!(entry("routes.refresh")["value"], "refresh_token");
    assert_eq!(
        entry("routes.refresh")["origin"],
        "preset drf-jwt-httponly-cookie"
    );
    assert_eq!(entry("routes.login")["origin"], "default");
    assert_eq!(entry("preset")["origin"], "hardtack.toml:1");
    house.ok(&["config", "check"]);
    house.write(
        "hardtack.toml",
        "preset = \"simplejwt-activity\"\n[cookies]\nrefresh_path = \"/api/auth\"\n",
    );
    assert_eq!(
        house.fails(&["config", "check"]),
        "hardtack: the configuration cannot be used\n  preset simplejwt-activity: routes.refresh: the refresh cookie (Path=/api/auth) does not reach /refresh-token; choose a name below it, or set cookies.refresh_path\n"
    );
}

/// docs/configuration.md is what the table says. To write it anew:
/// `cargo run -- config reference --markdown > docs/configuration.md`
#[test]
fn the_configuration_page_is_that_of_the_table() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert_eq!(
        House::new().ok(&["config", "reference", "--markdown"]),
        page
    );
}

#[test]
fn the_reference_names_every_key_that_is_shown() {
    let house = House::new();
    let keys = |rows: Value| -> Vec<Value> {
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["key"].clone())
            .collect()
    };
    let reference = house.json(&["config", "reference"]);
    assert_eq!(reference[0]["variable"], "HARDTACK__PRESET");
    assert_eq!(reference[1]["variable"], "HARDTACK__SERVER__LISTEN");
    assert_eq!(keys(reference), keys(house.json(&["config", "show"])));
}

#[test]
fn what_is_not_understood_exits_with_2() {
    let house = House::new();
    for arguments in [
        &["usr"][..],
        &["serve", "--port", "1"],
        &["session", "revoke", "not-a-session"],
        &[],
    ] {
        let run = house.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.stderr.contains("--help"), "{}", run.stderr);
    }
    assert_eq!(house.run(&["--help"]).code, 0);
    assert_eq!(house.run(&["--version", "--json"]).code, 0);
}

/// A program that reads JSON must not stumble over prose the day its arguments are wrong.
#[test]
fn what_is_not_understood_is_json_when_json_was_asked_for() {
    let house = House::new();
    for (arguments, reason) in [
        (&["usr", "--json"][..], "unrecognized subcommand 'usr'"),
        (
            &["--json", "serve", "--port", "1"],
            "unexpected argument '--port' found",
        ),
        (
            &["session", "revoke", "nothing", "--json"],
            "invalid value 'nothing'",
        ),
        (
            &["user", "show", "--json"],
            "required arguments were not provided: <USER>",
        ),
        (&["--json"], "a command is wanted; `--help` lists them"),
        (
            &["user", "--json"],
            "a command is wanted; `--help` lists them",
        ),
    ] {
        let run = house.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        let complaint: Value = serde_json::from_str(&run.stderr).unwrap();
        let complaint = complaint["error"].as_str().unwrap();
        assert!(complaint.contains(reason), "{complaint}");
        assert!(!complaint.contains("Usage"), "{complaint}");
    }
    let run = house.run(&["usr", "--", "--json"]);
    assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
}
