//! The request line and the host: what is asked, of whom, in which version.

use crate::wire::{SMUGGLED, exchange, house, refused};

#[test]
fn a_request_line_that_is_no_request_to_a_service_is_refused() {
    let house = house();
    let server = house.serve(&[]);
    for (line, status) in [
        // HTTP/0.9 is answered as soon as its line ends, not when patience does.
        ("GET /healthz", 400),
        ("GET", 400),
        ("GET  /healthz HTTP/1.1", 400),
        ("GET /healthz  HTTP/1.1", 400),
        ("GET\t/healthz HTTP/1.1", 400),
        ("GET /healthz HTTP/1.1 ", 400),
        ("GET /healthz http/1.1", 400),
        ("GET /healthz HTTP/1", 400),
        ("GET /healthz HTTP/1.10", 400),
        ("GET /healthz HTTP/11", 400),
        ("GET /healthz HTTP/01.1", 400),
        ("GET /healthz HTTPS/1.1", 400),
        ("GET /healthz ICY/1.1", 400),
        ("GET /healthz HTTP/1.1 HTTP/1.1", 400),
        ("GET /health z HTTP/1.1", 400),
        ("GET /healthz#x HTTP/1.1", 400),
        ("GET /h\u{e4}lthz HTTP/1.1", 400),
        ("G(T /healthz HTTP/1.1", 400),
        ("GET /healthz HTTP/1.2", 505),
        ("GET /healthz HTTP/0.9", 505),
        ("GET /healthz HTTP/2.0", 505),
        ("GET /healthz HTTP/3.0", 505),
        ("GET healthz HTTP/1.1", 400),
        ("GET * HTTP/1.1", 400),
        ("GET ?a HTTP/1.1", 400),
        ("GET app.example.com HTTP/1.1", 400),
        ("GET app.example.com:80 HTTP/1.1", 400),
        ("CONNECT app.example.com:80 HTTP/1.1", 400),
        ("CONNECT http://app.example.com/ HTTP/1.1", 400),
        ("GET http://evil.example/healthz HTTP/1.1", 400),
        ("GET http://app.example.com:81/healthz HTTP/1.1", 400),
        ("GET http://a@app.example.com/healthz HTTP/1.1", 400),
        ("GET http:///healthz HTTP/1.1", 400),
        ("GET ftp://app.example.com/healthz HTTP/1.1", 400),
        ("GET file:///etc/passwd HTTP/1.1", 400),
        ("GET javascript:alert(1) HTTP/1.1", 400),
    ] {
        let request = format!("{line}\r\nhost: app.example.com\r\n\r\n{SMUGGLED}");
        assert_eq!(refused(&server, line, request).status, status, "{line}");
    }
}

/// Prior knowledge of HTTP/2 (RFC 9113 §3.3): not spoken here, so none of its floods either (h2
/// CVE-2023-44487).
#[test]
fn the_preface_of_http_2_is_answered_in_http_1() {
    let house = house();
    let server = house.serve(&[]);
    let preface = format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{SMUGGLED}");
    let answer = refused(&server, "preface", preface);
    assert!([400, 505].contains(&answer.status), "{answer:?}");
}

/// RFC 9112 §3.2: a request for nobody, or for two.
#[test]
fn a_request_names_one_host() {
    let house = house();
    let server = house.serve(&[]);
    for hosts in [
        "",
        "host: a\r\nhost: a\r\n",
        "host: a\r\nHOST: b\r\n",
        "host:\r\nhost: a\r\n",
        "host: a, b\r\n",
        "host: a b\r\n",
        "host: a/b\r\n",
        "host: a?b\r\n",
        "host: a#b\r\n",
        "host: a\\b\r\n",
        "host: http://a\r\n",
        "host: evil.example@a\r\n",
        "host: a:b:c\r\n",
        "host: a:port\r\n",
        "host: a:99999999\r\n",
        "host: :80\r\n",
        "host: [::1\r\n",
        "host: ::1\r\n",
        "host: \"a\"\r\n",
        "host: \u{e4}\r\n",
    ] {
        let request = format!("GET /healthz HTTP/1.1\r\n{hosts}\r\n{SMUGGLED}");
        assert_eq!(refused(&server, hosts, request).status, 400, "{hosts:?}");
    }
    for host in ["a", "A.example:80", "127.0.0.1:1", "[::1]:80", "a_b", ""] {
        let request = format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let answers = exchange(&server, request);
        assert_eq!(answers.len(), 1, "{host}");
        assert_eq!(answers[0].status, 200, "{host}");
    }
}

#[test]
fn the_forms_and_versions_that_a_service_answers() {
    let house = house();
    let server = house.serve(&[]);
    for (case, request, status) in [
        (
            "a proxy's way to ask",
            "GET http://APP.example.com/healthz HTTP/1.1\r\nhost: app.example.com\r\nconnection: close\r\n\r\n",
            200,
        ),
        (
            "the server as a whole",
            "OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            404,
        ),
        ("HTTP/1.0 closes", "GET /healthz HTTP/1.0\r\n\r\n", 200),
        (
            "methods have a case",
            "get /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            405,
        ),
        (
            "a method of nobody",
            "EXPLODE /api/auth/login/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            405,
        ),
    ] {
        let answers = exchange(&server, request);
        assert_eq!(answers.len(), 1, "{case}: {answers:?}");
        assert_eq!(answers[0].status, status, "{case}: {answers:?}");
    }
}

/// Cross-site tracing: TRACE gives back the cookies that script may not read.
#[test]
fn trace_tells_nobody_their_cookies() {
    let house = house();
    let server = house.serve(&[]);
    for path in [
        "/healthz",
        "/api/auth/login/",
        "/api/auth/user/",
        "/",
        "/nothing",
    ] {
        let request = format!(
            "TRACE {path} HTTP/1.1\r\nhost: x\r\ncookie: access=planted\r\nconnection: close\r\n\r\n"
        );
        let answers = exchange(&server, request);
        assert_eq!(answers.len(), 1, "{path}");
        assert!((400..500).contains(&answers[0].status), "{path}");
        assert!(!format!("{answers:?}").contains("planted"), "{path}");
    }
}

/// An intermediary that believes in the upgrade stops looking at requests (h2c smuggling).
#[test]
fn nothing_is_upgraded() {
    let house = house();
    let server = house.serve(&[]);
    for fields in [
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
        "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n",
    ] {
        let request = format!(
            "GET /healthz HTTP/1.1\r\nhost: x\r\n{fields}\r\nGET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        );
        let answers = exchange(&server, request);
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [200, 200], "{fields}");
    }
}
