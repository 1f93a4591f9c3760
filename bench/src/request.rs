//! The bytes of requests: what Chromium sends for a `fetch` of a page of the public URL.

const BROWSER: &str = "Host: app.example.com\r\n\
    Connection: keep-alive\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n\
    Accept: */*\r\n\
    Sec-Fetch-Site: same-origin\r\n\
    Sec-Fetch-Mode: cors\r\n\
    Sec-Fetch-Dest: empty\r\n\
    Referer: https://app.example.com/\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en;q=0.9\r\n";

/// `GET path` with the access cookie.
pub(crate) fn get(path: &str, access: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\n{BROWSER}Cookie: access={access}\r\n\r\n").into_bytes()
}

/// A refresh with the refresh cookie and no body.
pub(crate) fn refresh(token: &str) -> Vec<u8> {
    format!(
        "POST /api/auth/token/refresh/ HTTP/1.1\r\n{BROWSER}Origin: https://app.example.com\r\n\
         Content-Length: 0\r\nCookie: refresh={token}\r\n\r\n"
    )
    .into_bytes()
}

/// A login.
pub(crate) fn login(username: &str, password: &str) -> Vec<u8> {
    let body = serde_json::json!({ "username": username, "password": password }).to_string();
    format!(
        "POST /api/auth/login/ HTTP/1.1\r\n{BROWSER}Origin: https://app.example.com\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The value of a cookie that an answer sets.
pub(crate) fn cookie_of(answer: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(answer);
    let mut values = text.lines().filter_map(|line| {
        let (header, cookie) = line.split_once(": ")?;
        let (cookie_name, rest) = cookie.split_once('=')?;
        (header.eq_ignore_ascii_case("set-cookie") && cookie_name == name).then_some(rest)
    });
    values.next()?.split(';').next().map(str::to_owned)
}
