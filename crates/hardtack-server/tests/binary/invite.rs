//! `hardtack user invite`.

use serde_json::{Value, json};

use crate::house::{House, PASSWORD, Server};

fn house() -> House {
    House::public().with("registration.mode", "invite")
}

async fn register(server: &Server, name: &str, invitation: &str) -> (u16, Value) {
    let form = json!({
        "username": name, "email": format!("{name}@example.com"), "invitation": invitation,
        "password1": PASSWORD, "password2": PASSWORD,
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .post(format!("{}/api/auth/registration/", server.url))
        .header("content-type", "application/json")
        .header("origin", "https://app.example.com")
        .body(form.to_string());
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_link_lets_one_person_register() {
    let house = house();
    // Before the server has ever run, and while it runs.
    let first = house.json(&["user", "invite"]);
    let server = house.serve(&[]);
    let second = house.json(&["user", "invite"]);
    for (name, said) in [("ada", first), ("grace", second)] {
        let link = said["link"].as_str().unwrap();
        let key = link
            .strip_prefix("https://app.example.com/account/register/")
            .and_then(|rest| rest.strip_suffix('/'))
            .unwrap();
        let (status, body) = register(&server, name, "AAAAAAAAAAAAAAAAAAAAAA").await;
        assert_eq!(
            (status, body),
            (400, json!({ "invitation": ["Invalid value"] }))
        );
        let (status, body) = register(&server, name, key).await;
        assert_eq!(status, 201, "{body}");
        assert_eq!(body["user"]["username"], name);
        let (status, _) = register(&server, "mallory", key).await;
        assert_eq!(status, 400, "good once");
    }
    let events = house.ok(&["audit", "list"]);
    assert_eq!(events.matches("user_invited").count(), 2, "{events}");
}

#[test]
fn an_invitation_that_nobody_could_use_is_refused_with_the_remedy() {
    let house = house();
    let closed = House::public().with("registration.mode", "closed");
    assert!(
        closed
            .fails(&["user", "invite"])
            .contains("registration.mode")
    );
    let nowhere = House::new().with("registration.mode", "invite");
    assert!(
        nowhere
            .fails(&["user", "invite"])
            .contains("server.public_url")
    );
    for bad in ["ada", "", "ada@example.com\r\nBcc: eve@example.com"] {
        assert!(
            house.fails(&["user", "invite", bad]).contains("address"),
            "{bad:?}"
        );
    }
    let added = house.run_with(
        &[
            "user",
            "add",
            "ada",
            "--email",
            "ada@example.com",
            "--password-stdin",
        ],
        PASSWORD,
    );
    assert_eq!(added.code, 0, "{}", added.stderr);
    let taken = house.fails(&["user", "invite", "ADA@example.com"]);
    assert!(taken.contains("is a user already"), "{taken}");
    let klingon = ["user", "invite", "grace@example.com", "--language", "tlh"];
    assert!(house.fails(&klingon).contains("languages"));
    let invite = ["user", "invite", "grace@example.com", "--language", "es"];
    assert!(house.fails(&invite).contains("mail.transport"));
    assert_eq!(house.json(&["mail", "queue"]), json!([]));
    let house = house
        .with("mail.transport", "directory")
        .with("mail.directory", "mails")
        .with("mail.from", "no-reply@example.com");
    let queued = house.ok(&invite);
    assert!(queued.contains("grace@example.com"), "{queued}");
}
