//! `hardtack doctor` against the real server: set up well, set up badly, and behind a proxy that
//! spoils one thing at a time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::Value;

use crate::house::{House, Run, Server};

const FRONT_END: &str = "http://127.0.0.1:5173";

/// Changes the head of a request on its way to the server.
type Asks = fn(String) -> String;
/// Changes an answer, head and body, given the head that was asked.
type Answers = fn(&str, String) -> String;

/// A proxy in front of `server`, and where it listens.
fn proxy(server: SocketAddr, asks: Asks, answers: Answers) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // A client that went away is no fault of the proxy's.
            let _ = pass_on(stream, server, asks, answers);
        }
    });
    format!("http://{address}")
}

/// One request without a body, one answer, and the end of the connection.
fn pass_on(
    mut client: TcpStream,
    server: SocketAddr,
    asks: Asks,
    answers: Answers,
) -> std::io::Result<()> {
    let mut head = String::new();
    for line in BufReader::new(client.try_clone()?).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        head.push_str(&line);
        head.push_str("\r\n");
    }
    let asked = asks(format!("{head}connection: close\r\n"));
    let mut upstream = TcpStream::connect(server)?;
    upstream.write_all(format!("{asked}\r\n").as_bytes())?;
    let mut answer = String::new();
    upstream.read_to_string(&mut answer)?;
    client.write_all(answers(&head, answer).as_bytes())
}

fn as_asked(head: String) -> String {
    head
}

fn as_answered(_: &str, answer: String) -> String {
    answer
}

/// The answer without the lines of its head that begin so.
fn without(answer: &str, header: &str) -> String {
    let lines = answer.split_inclusive("\r\n");
    let kept = lines.filter(|line| !line.to_ascii_lowercase().starts_with(header));
    kept.collect()
}

fn with(answer: &str, header: &str) -> String {
    answer.replacen("\r\n", &format!("\r\n{header}\r\n"), 1)
}

fn dev() -> (House, Server) {
    let house = House::new().with("cors.allowed_origins", FRONT_END);
    let server = house.serve(&["--dev"]);
    (house, server)
}

/// The faults that are found, each with its remedy.
fn faults(run: &Run) -> Vec<String> {
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = told["findings"].as_array().unwrap();
    let ill = findings
        .iter()
        .filter(|finding| finding["verdict"] == "fault");
    ill.map(|finding| {
        assert!(finding["remedy"].as_str().unwrap().len() > 20, "{finding}");
        let (check, found) = (&finding["check"], &finding["found"]);
        format!("{}: {}", check.as_str().unwrap(), found.as_str().unwrap())
    })
    .collect()
}

/// The fault that each proxy brings, what it does to requests, and to answers.
const SPOILT: &[(&str, Asks, Answers)] = &[
    (
        "cookies: 0 of the two Set-Cookie lines",
        as_asked,
        |_, answer| without(&answer, "set-cookie"),
    ),
    (
        "cookies: 1 of the two Set-Cookie lines",
        as_asked,
        |_, answer| without(&answer, "set-cookie: refresh"),
    ),
    ("cookies: access has no HttpOnly", as_asked, |_, answer| {
        answer.replace("; HttpOnly", "")
    }),
    ("cookies: access has no SameSite", as_asked, |_, answer| {
        answer.replace("; SameSite=Lax", "")
    }),
    (
        "cookies: access is SameSite=None without Secure",
        as_asked,
        |_, answer| answer.replace("SameSite=Lax", "SameSite=None"),
    ),
    (
        "cookies: access is Secure, and this is plain http",
        as_asked,
        |_, answer| answer.replace("; HttpOnly", "; HttpOnly; Secure"),
    ),
    (
        "cookies: access is for example.com, which is not 127.0.0.1",
        as_asked,
        |_, answer| answer.replace("; HttpOnly", "; HttpOnly; Domain=example.com"),
    ),
    (
        "refresh path: no cookie is sent back to /api/auth/token/refresh/",
        as_asked,
        |_, answer| answer.replace("Path=/", "Path=/elsewhere/"),
    ),
    (
        "cors: https://hardtack-doctor.invalid is allowed to read answers (*)",
        as_asked,
        |_, answer| with(&answer, "Access-Control-Allow-Origin: *"),
    ),
    (
        "cors: pages of http://127.0.0.1:5173 cannot call: the preflight has Access-Control-Allow-Origin twice",
        as_asked,
        |_, answer| with(&answer, "Access-Control-Allow-Origin: *"),
    ),
    (
        "cors: pages of http://127.0.0.1:5173 cannot call: the preflight does not allow it",
        as_asked,
        |asked, answer| {
            if asked.starts_with("OPTIONS") {
                without(&answer, "access-control-")
            } else {
                answer
            }
        },
    ),
    (
        "cors: pages of http://127.0.0.1:5173 cannot call: an error does not allow it",
        as_asked,
        |asked, answer| {
            if asked.starts_with("POST") {
                without(&answer, "access-control-")
            } else {
                answer
            }
        },
    ),
    (
        "csrf: a page of https://hardtack-doctor.invalid is answered 200",
        |head| without(&head, "origin:"),
        as_answered,
    ),
    (
        "csrf: pages of http://127.0.0.1",
        |head| without(&head, "origin:") + "origin: https://other.example.com\r\n",
        as_answered,
    ),
    ("clock: ", as_asked, |_, answer| {
        with(
            &without(&answer, "date:"),
            "Date: Sun, 22 Nov 2020 10:00:00 GMT",
        )
    }),
    (
        "caching: an answer with cookies may be kept",
        as_asked,
        |_, answer| {
            with(
                &without(&answer, "cache-control"),
                "Cache-Control: public, max-age=60",
            )
        },
    ),
    (
        "keys: /.well-known/jwks.json answers 404",
        |head| head.replace("/.well-known/", "/hidden/"),
        as_answered,
    ),
    (
        "routes: /api/auth/token/refresh/ is not found",
        |head| head.replace("/api/auth/", "/auth/"),
        as_answered,
    ),
    (
        "routes: /api/auth/token/refresh/ is answered with 301",
        as_asked,
        |asked, answer| {
            if asked.contains("refresh/ ") {
                "HTTP/1.1 301 Moved\r\nConnection: close\r\nLocation: /api/auth/token/refresh\r\nContent-Length: 0\r\n\r\n".to_owned()
            } else {
                answer
            }
        },
    ),
    (
        "routes: /api/auth/token/refresh/ answers 200, and not in Hardtack's words",
        as_asked,
        |_, _| {
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 13\r\n\r\n<html></html>"
                .to_owned()
        },
    ),
];

#[test]
fn nothing_is_wrong_with_a_server_that_is_set_up_well_nor_with_a_proxy_that_changes_nothing() {
    let (house, server) = dev();
    let proxy = proxy(server.address(), as_asked, as_answered);
    for url in [&server.url, &proxy] {
        let run = house.run(&["doctor", url, "--json"]);
        assert_eq!((run.code, faults(&run)), (0, vec![]), "{}", run.stdout);
    }
    let told = house.ok(&["doctor", &server.url]);
    for line in [
        "good     scheme: plain http on this machine",
        "good     routes: /api/auth/token/refresh/ answers",
        "good     keys: 1 published",
        "good     cookies: access, refresh",
        "good     csrf: pages of others may not",
        "good     cors: pages of http://127.0.0.1:5173 may call, with cookies",
        "good     forwarded: X-Forwarded-For from outside chooses no address",
        "nothing is wrong",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
fn nothing_is_wrong_with_the_shapes_of_another_system() {
    for preset in [
        "dj-rest-auth",
        "drf-jwt-httponly-cookie",
        "simplejwt-activity",
    ] {
        let house = House::new().with("preset", preset);
        let server = house.serve(&["--dev"]);
        let run = house.run(&["doctor", &server.url, "--json"]);
        assert_eq!(
            (run.code, faults(&run)),
            (0, vec![]),
            "{preset}: {}",
            run.stdout
        );
    }
}

#[test]
fn a_proxy_that_spoils_something_is_found_out_and_the_remedy_told() {
    let (house, server) = dev();
    for (wanted, asks, answers) in SPOILT {
        let url = proxy(server.address(), *asks, *answers);
        let run = house.run(&["doctor", &url, "--json"]);
        let found = faults(&run);
        assert!(
            found.iter().any(|fault| fault.starts_with(wanted)),
            "{wanted}: {found:#?}"
        );
        assert_eq!(run.code, 1, "{wanted}");
    }
}

/// CVE-2026-45364: whoever writes `X-Forwarded-For` would have no limit.
#[test]
fn a_server_that_believes_everybodys_forwarding_header_is_found_out() {
    let house = House::new().with("server.trusted_proxies", "127.0.0.0/8");
    let server = house.serve(&["--dev"]);
    let run = house.run(&["doctor", &server.url, "--json"]);
    let found = faults(&run);
    assert!(
        found.len() == 1 && found[0].starts_with("forwarded: 12 refused refreshes"),
        "{found:?}"
    );
}

#[test]
fn what_the_configuration_and_the_address_say_together_is_looked_at() {
    // Asked over plain http and under another name than the one it was given.
    let house = House::public();
    let server = house.serve(&[]);
    let run = house.run(&[
        "doctor",
        &server.url,
        "--origin",
        "https://front.example.org",
        "--json",
    ]);
    let found = faults(&run).join("\n");
    for wanted in [
        "cookies: access is Secure, and this is plain http",
        "csrf: pages of http://127.0.0.1",
        "sites: pages of https://front.example.org are another site",
        "cors: pages of https://front.example.org cannot call",
    ] {
        assert!(found.contains(wanted), "{wanted}: {found}");
    }
    assert_eq!(run.code, 1);
    assert!(
        run.stdout
            .contains("server.public_url is https://app.example.com"),
        "{}",
        run.stdout
    );

    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let run = house.run(&["doctor", &format!("http://{closed}")]);
    assert_eq!(run.code, 2, "{}", run.stdout);
    assert!(
        run.stdout.contains("FAULT    reach: no connection"),
        "{}",
        run.stdout
    );
    assert_eq!(house.run(&["doctor", "not a url"]).code, 2);
    let nobody = House::new().fails(&["doctor"]);
    assert!(nobody.contains("which deployment?"), "{nobody}");
}
