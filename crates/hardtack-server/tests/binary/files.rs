//! What the files of a data directory must be like, found out before anything is made of them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use crate::house::House;

const SECRET: &str = "k3#x!q@n2#v5l$z7^m9&w4*k6(p3)r1-t0_y8f&j2+d=h\n";

fn set_mode(house: &House, name: &str, mode: u32) {
    std::fs::set_permissions(house.path(name), Permissions::from_mode(mode)).unwrap();
}

/// `config check` and the start refuse alike, and neither leaves anything behind.
fn both_refuse(house: &House, message: &str) {
    for command in [
        &["config", "check"][..],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        assert_eq!(house.fails(command), format!("hardtack: {message}\n"));
    }
    assert!(
        !house.path("hardtack-data/hardtack.db").exists(),
        "a database was made"
    );
}

#[test]
fn a_shared_secret_that_is_missing_open_or_weak_is_found_by_the_check() {
    let house = House::public()
        .with("tokens.algorithm", "HS256")
        .with("tokens.key_file", "../shared");
    let path = "hardtack-data/../shared";
    let missing = format!(
        "tokens.key_file: there is no {path}; write the secret that is shared with the Django site into it, then run: chmod 600 {path}"
    );
    both_refuse(&house, &missing);
    assert!(!house.path("hardtack-data").exists(), "nothing was made");
    std::fs::create_dir(house.path("hardtack-data")).unwrap();
    both_refuse(&house, &missing);
    house.write("shared", SECRET);
    both_refuse(
        &house,
        &format!("others can read {path} (mode 0644); run: chmod 600 {path}"),
    );
    house.write("shared", "short");
    set_mode(&house, "shared", 0o600);
    both_refuse(
        &house,
        &format!("tokens.key_file: {path} cannot be used: an HS256 secret is at least 32 bytes"),
    );
    house.write("shared", SECRET);
    assert_eq!(
        house.ok(&["config", "check"]),
        "the configuration is good\n"
    );
    drop(house.serve(&[]));
}

#[test]
fn a_private_key_that_is_none_is_found_by_the_check() {
    let house = House::public().with("tokens.key_file", "../key.pem");
    house.write("key.pem", "-----BEGIN PRIVATE KEY-----\nMIIB\n");
    std::fs::create_dir(house.path("hardtack-data")).unwrap();
    let path = "hardtack-data/../key.pem";
    both_refuse(
        &house,
        &format!("others can read {path} (mode 0644); run: chmod 600 {path}"),
    );
    set_mode(&house, "key.pem", 0o600);
    let error = house.fails(&["config", "check"]);
    assert!(
        error.starts_with(&format!(
            "hardtack: tokens.key_file: {path} cannot be used: "
        )),
        "{error}"
    );
    assert_eq!(house.fails(&["serve"]), error);
}

#[test]
fn a_pepper_that_was_named_and_is_missing_is_found_by_the_check() {
    let house = House::public().with("tokens.pepper_file", "mounted");
    let path = "hardtack-data/mounted";
    both_refuse(
        &house,
        &format!(
            "tokens.pepper_file: there is no {path}; make one with: openssl rand -base64 32 > {path} && chmod 600 {path}"
        ),
    );
}

/// Every link would wait in the queue until somebody reads the log.
#[test]
fn a_mail_directory_that_cannot_be_written_is_found_by_the_check() {
    let mails_to = |directory: &str| {
        let house = House::public();
        house.write("note", "");
        house
            .with("mail.transport", "directory")
            .with("mail.from", "no-reply@example.com")
            .with("mail.directory", directory)
    };
    // Not even root can make anything there.
    let closed = "mail.directory: cannot write to /proc; make it writable for the user who runs the server, or name another place for mails: ";
    for directory in ["/proc", "/proc/mails/out"] {
        let house = mails_to(directory);
        for command in [&["config", "check"][..], &["serve"]] {
            let error = house.fails(command);
            assert!(error.starts_with(&format!("hardtack: {closed}")), "{error}");
        }
        assert!(!house.path("hardtack-data").exists(), "nothing was made");
    }
    let house = mails_to("../note/mails");
    std::fs::create_dir(house.path("hardtack-data")).unwrap();
    both_refuse(
        &house,
        "mail.directory: hardtack-data/../note is not a directory; name another place for mails",
    );
    let house = mails_to("mails");
    house.ok(&["config", "check"]);
    assert!(!house.path("hardtack-data").exists(), "nothing was made");
    drop(house.serve(&[]));
}

/// A backup that was put back with `cp` under an ordinary umask: every password hash is there for
/// the neighbours to read (docs/threat-model.md SV-6).
#[test]
fn a_database_that_others_can_read_is_refused_with_the_remedy() {
    let house = House::public();
    house.add_user("ada");
    let name = "hardtack-data/hardtack.db";
    for mode in [0o644, 0o640, 0o604, 0o660] {
        set_mode(&house, name, mode);
        let before = std::fs::read(house.path(name)).unwrap();
        for command in [
            &["serve", "--listen", "127.0.0.1:0"][..],
            &["config", "check"],
            &["user", "list"],
            &["migrate"],
        ] {
            assert_eq!(
                house.fails(command),
                format!(
                    "hardtack: others can read {name} (mode {mode:04o}); run: chmod 600 {name}\n"
                )
            );
        }
        assert_eq!(std::fs::read(house.path(name)).unwrap(), before);
    }
    set_mode(&house, name, 0o600);
    house.write("hardtack-data/hardtack.db-wal", "");
    let error = house.fails(&["user", "list"]);
    assert!(error.contains("hardtack.db-wal (mode 0644)"), "{error}");
    set_mode(&house, "hardtack-data/hardtack.db-wal", 0o600);
    house.ok(&["user", "list"]);
}
