//! `examples/guard_only.rs`, run as its readers run it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use hardtack_core::Clock as _;
use hardtack_guard::SystemClock;

use crate::authority::{Authority, EVIL, ISSUER};
use crate::remote::Published;

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where cargo puts examples, beside the tests.
fn example() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests
        .ancestors()
        .nth(2)
        .unwrap()
        .join("examples/guard_only")
}

#[tokio::test]
async fn another_process_verifies_by_the_published_keys_and_refuses_forgeries() {
    let (authority, published) = (Authority::new(), Published::default());
    authority.clock.set(SystemClock.now());
    published.publish(authority.keys().to_jwks_json());
    let jwks_url = published.serve().await;
    let mut command = Command::new(example());
    let mut running = Running(
        command
            .args([&jwks_url, ISSUER, "0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let stderr = running.0.stderr.take().unwrap();
    let address = tokio::task::spawn_blocking(move || BufReader::new(stderr).lines().next())
        .await
        .unwrap();
    let url = format!("{}/whoami", address.unwrap().unwrap());

    let client = reqwest::Client::new();
    let cookie = format!("access={}", authority.token(7, 0));
    let answer = client
        .get(&url)
        .header("cookie", &cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.text().await.unwrap().as_str()
        ),
        (200, "user 7\n")
    );
    assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    let stranger = format!("access={}", Authority::new().token(7, 0));
    assert_eq!(
        client
            .get(&url)
            .header("cookie", stranger)
            .send()
            .await
            .unwrap()
            .status(),
        401
    );

    let post = |origin| {
        client
            .post(&url)
            .header("cookie", &cookie)
            .header("origin", origin)
            .send()
    };
    assert_eq!(post(ISSUER).await.unwrap().status(), 200);
    assert_eq!(post(EVIL).await.unwrap().status(), 403);
}

/// An API that only verifies must not carry a database, or an authority, along.
#[test]
fn the_guards_tree_has_no_database() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            "hardtack-guard",
            "--all-features",
            "--edges",
            "normal,build",
        ])
        .args(["--prefix", "none", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("hardtack-core v"), "{tree}");
    for absent in ["rusqlite", "libsqlite3-sys", "postgres", "hardtack-store"] {
        assert!(!tree.contains(absent), "{absent} is in the guard's tree");
    }
}
