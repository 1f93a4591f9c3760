//! TLS in the binary, asked by a client that trusts one certificate and nothing else.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::tls::{Certificate, Version};
use reqwest::{Client, Response};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::house::{House, Server};

const NAME: &str = "app.example.com";

/// A certificate of its own signing, and its key, in PEM.
fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn write_key(house: &House, key: &str) {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(house.path("key.pem"))
        .unwrap();
    file.write_all(key.as_bytes()).unwrap();
}

/// A house with a certificate in it.
fn secured() -> (House, String) {
    let house = House::public();
    let (cert, key) = (house.path("cert.pem"), house.path("key.pem"));
    let house = house
        .with("server.tls_cert", &cert.to_string_lossy())
        .with("server.tls_key", &key.to_string_lossy());
    let (cert, key) = pair();
    house.write("cert.pem", &cert);
    write_key(&house, &key);
    (house, cert)
}

/// Asks over TLS with versions up to `newest`, trusting `cert` alone.
async fn ask(server: &Server, cert: &str, newest: Version) -> reqwest::Result<Response> {
    let client = Client::builder()
        .no_proxy()
        .tls_certs_only([Certificate::from_pem(cert.as_bytes()).unwrap()])
        .tls_version_max(newest)
        .resolve(NAME, server.address())
        .build()
        .unwrap();
    let port = server.address().port();
    client
        .get(format!("https://{NAME}:{port}/healthz"))
        .send()
        .await
}

async fn is_trusted(server: &Server, cert: &str) -> bool {
    ask(server, cert, Version::TLS_1_3).await.is_ok()
}

/// Within the three seconds that the reference promises.
async fn becomes_trusted(server: &Server, cert: &str) -> bool {
    let deadline = Instant::now() + Duration::from_secs(3);
    while Instant::now() < deadline {
        if is_trusted(server, cert).await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

#[tokio::test]
async fn the_server_speaks_tls_itself_in_both_versions() {
    let (house, cert) = secured();
    let server = house.serve(&[]);
    assert!(server.url.starts_with("https://"), "{}", server.url);
    for version in [Version::TLS_1_2, Version::TLS_1_3] {
        let answer = ask(&server, &cert, version).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(
            answer.headers()["strict-transport-security"],
            "max-age=31536000"
        );
    }
    assert!(!is_trusted(&server, &pair().0).await);
}

/// A page over plain HTTP on the same port would be one that anybody on the way can change.
#[tokio::test]
async fn nothing_is_answered_in_plain_http() {
    let (house, _) = secured();
    let server = house.serve(&[]);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    write!(stream, "GET /healthz HTTP/1.1\r\nhost: {NAME}\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.windows(4).any(|bytes| bytes == b"HTTP"));
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
    let (house, first) = secured();
    let server = house.serve(&[]);
    assert!(is_trusted(&server, &first).await);

    let (second, second_key) = pair();
    house.write("cert.pem", &second);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(is_trusted(&server, &first).await, "the key is not its own");
    let log = server.logged();
    assert!(log.contains("the old one stays"), "{log}");
    assert!(log.contains("cannot be used together"), "{log}");

    write_key(&house, &second_key);
    assert!(becomes_trusted(&server, &second).await);
    assert!(!is_trusted(&server, &first).await);
}

#[test]
fn a_certificate_that_cannot_be_used_stops_the_start() {
    let (house, _) = secured();
    write_key(&house, &pair().1);
    let complaint = house.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(complaint.contains("server.tls_cert: "), "{complaint}");
    std::fs::remove_file(house.path("key.pem")).unwrap();
    let complaint = house.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(
        complaint.contains("server.tls_key: there is no "),
        "{complaint}"
    );
}

/// Slowloris in the handshake: a connection that never finishes it does not keep its place.
#[test]
fn a_handshake_that_never_ends_is_cut_off() {
    let (house, _) = secured();
    let house = house.with("server.head_timeout", "1s");
    let server = house.serve(&[]);
    // The first bytes of a ClientHello of 512 bytes.
    for begun in [&b""[..], &b"\x16\x03\x01\x02\x00\x01"[..]] {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(begun).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let started = Instant::now();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

/// ALPACA: what insists on another protocol is not spoken to.
#[tokio::test]
async fn the_only_protocol_is_http_1_1() {
    let (house, cert) = secured();
    let server = house.serve(&[]);
    let mut trusted = RootCertStore::empty();
    trusted
        .add(CertificateDer::from_pem_slice(cert.as_bytes()).unwrap())
        .unwrap();
    let offer = async |protocol: &[u8]| {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(trusted.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = tokio::net::TcpStream::connect(server.address())
            .await
            .unwrap();
        let name = NAME.try_into().unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    };
    let agreed = offer(b"http/1.1").await.unwrap();
    assert_eq!(agreed.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    for other in [&b"ftp"[..], b"h2"] {
        assert!(offer(other).await.is_err());
    }
}
