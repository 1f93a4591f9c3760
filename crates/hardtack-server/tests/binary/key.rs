//! Keys by the command line.

use serde_json::Value;

use crate::house::{House, PASSWORD, Server, noticed};

async fn published(server: &Server) -> Vec<String> {
    let (_, jwks) = server.get("/.well-known/jwks.json", "").await;
    let keys = jwks["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

fn states(house: &House) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let keys = house.json(&["key", "list"]);
    keys.as_array()
        .unwrap()
        .iter()
        .map(|key| (text(&key["kid"]), text(&key["state"])))
        .collect()
}

/// docs/threat-model.md TK-8 and SV-6: a new key is published before it signs, without a restart.
#[tokio::test]
async fn a_new_key_is_published_by_the_running_server_and_signs_later() {
    let house = House::public();
    house.add_user("ada");
    let server = house.serve(&[]);
    let old = published(&server).await;
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();

    let new = house.json(&["key", "rotate"])["kid"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(noticed(async || published(&server).await.contains(&new)).await);
    assert_eq!(
        states(&house),
        [
            (old[0].clone(), "signing".into()),
            (new.clone(), "announced".into())
        ]
    );
    assert_eq!(server.get("/api/auth/user/", &cookies).await.0, 200);
    let exported: Value = serde_json::from_str(&house.ok(&["key", "export"])).unwrap();
    assert_eq!(exported, server.get("/.well-known/jwks.json", "").await.1);
}

#[tokio::test]
async fn in_an_emergency_the_old_keys_tokens_are_refused_at_once() {
    let house = House::public();
    house.add_user("ada");
    let server = house.serve(&[]);
    let old = published(&server).await.remove(0);
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();
    assert!(
        house
            .fails(&["key", "retire", &old])
            .contains("that key is signing; rotate first")
    );

    let said = house.ok(&["key", "rotate", "--now"]);
    // The whole command stands there, to be copied.
    let (_, command) = said.trim_end().split_once("run: hardtack ").unwrap();
    assert_eq!(command, format!("key retire {old}"));
    house.ok(&command.split(' ').collect::<Vec<_>>());
    assert!(noticed(async || server.get("/api/auth/user/", &cookies).await.0 == 401).await);
    assert!(!published(&server).await.contains(&old));
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();
    assert_eq!(server.get("/api/auth/user/", &cookies).await.0, 200);
}

/// SECURITY.md, what an operator must do: whoever read a backup of the data directory can neither
/// sign nor derive any more once the advice is followed, and everybody can log in again.
#[tokio::test]
async fn after_a_stolen_backup_neither_keys_nor_pepper_are_worth_anything() {
    let house = House::public();
    house.add_user("ada");
    let server = house.serve(&[]);
    let old = published(&server).await.remove(0);
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();
    let stolen = std::fs::read(house.path("hardtack-data/pepper")).unwrap();
    server.signal("-TERM");
    server.ended();

    std::fs::remove_file(house.path("hardtack-data/pepper")).unwrap();
    house.ok(&["key", "rotate", "--now"]);
    house.ok(&["key", "retire", &old]);
    let server = house.serve(&[]);
    assert_ne!(
        std::fs::read(house.path("hardtack-data/pepper")).unwrap(),
        stolen
    );
    assert!(!published(&server).await.contains(&old));
    assert_eq!(server.refresh(&cookies).await, 401);
    assert_eq!(server.get("/api/auth/user/", &cookies).await.0, 401);
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();
    assert_eq!(server.refresh(&cookies).await, 200);
}

/// A change is judged by the time at which it is its turn: by that of its start, a key that another
/// one put there meanwhile would be one of the future, and be thrown out.
#[test]
fn a_rotation_that_had_to_wait_keeps_the_key_that_came_before_it() {
    let house = House::public();
    drop(house.serve(&[]));
    let lock = std::fs::File::open(house.path("hardtack-data/keys.lock")).unwrap();
    lock.lock().unwrap();
    // The other one, which is quicker, works on a copy: the lock is taken.
    let other = House::public();
    let (waited, first) = std::thread::scope(|scope| {
        let waits = scope.spawn(|| house.json(&["key", "rotate", "--now"]));
        // Long enough to come to the lock; should it come later, there is less to see.
        std::thread::sleep(std::time::Duration::from_secs(1));
        let ring = std::fs::read_to_string(house.path("hardtack-data/keys.json")).unwrap();
        other.write_private("hardtack-data/keys.json", &ring);
        let first = other.json(&["key", "rotate", "--now"]);
        let ring = std::fs::read_to_string(other.path("hardtack-data/keys.json")).unwrap();
        house.write_private("hardtack-data/keys.json", &ring);
        lock.unlock().unwrap();
        (waits.join().unwrap(), first)
    });
    let kid = |said: &Value| said["kid"].as_str().unwrap().to_owned();
    let states = states(&house);
    assert_eq!(states.len(), 3, "{states:?}");
    assert_eq!(states[1], (kid(&first), "verifying".to_owned()));
    assert_eq!(states[2], (kid(&waited), "signing".to_owned()));
}

#[tokio::test]
async fn a_damaged_key_file_changes_nothing_in_a_running_server() {
    let house = House::public();
    let server = house.serve(&[]);
    let before = published(&server).await;
    house.write("hardtack-data/keys.json", "{ damaged");
    tokio::time::sleep(crate::house::NOTICED_WITHIN).await;
    assert_eq!(published(&server).await, before);
    server.signal("-TERM");
    let (_, log) = server.ended();
    assert!(log.contains("the changed key file is not used"), "{log}");
}

#[test]
fn a_private_key_is_exported_only_by_name() {
    let house = House::public();
    let server = house.serve(&[]);
    let kid = states(&house).remove(0).0;
    assert!(!house.ok(&["key", "export"]).contains("PRIVATE"));
    assert!(
        house
            .ok(&["key", "export", "--private", &kid])
            .starts_with("-----BEGIN PRIVATE KEY-----\n")
    );
    assert_eq!(
        house.fails(&["key", "export", "--private", "x"]),
        "hardtack: there is no key \"x\"\n"
    );
    drop(server);
}

/// What a Django site signs with is changed by whoever keeps both sites.
#[test]
fn a_shared_secret_is_used_and_never_rotated_by_command() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::public()
        .with("tokens.algorithm", "HS256")
        .with("tokens.key_file", "shared");
    house.ok(&["migrate"]);
    house.write(
        "hardtack-data/shared",
        "k3#x!q@n2#v5l$z7^m9&w4*k6(p3)r1-t0_y8f&j2+d=h\n",
    );
    let owner_only = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(house.path("hardtack-data/shared"), owner_only).unwrap();
    let server = house.serve(&[]);
    assert_eq!(states(&house), [("hs256".to_owned(), "signing".to_owned())]);
    assert_eq!(
        house.ok(&["key", "export"]),
        "{\"keys\":[]}\n",
        "a shared secret is not published"
    );
    assert_eq!(
        house.fails(&["key", "rotate"]),
        "hardtack: hardtack-data/shared holds a key that you keep, so Hardtack does not change it; put another one there and the server takes it up\n"
    );
    drop(server);
}
