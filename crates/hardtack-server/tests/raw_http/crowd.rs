//! More strangers than places.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::house::{House, Server};
use crate::wire::{LAST, SMUGGLED, answers, connect, exchange};

/// Resident memory of the server in KiB.
fn memory_kib(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.unwrap().split_whitespace().nth(1).unwrap();
    number.parse().unwrap()
}

fn ask(stream: &mut TcpStream) -> bool {
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut answer = Vec::new();
    let mut byte = [0];
    if stream.write_all(request).is_err() {
        return false;
    }
    while !answer.ends_with(b"{\"status\":\"ok\"}") {
        if !stream.read(&mut byte).is_ok_and(|count| count == 1) {
            return false;
        }
        answer.extend(byte);
    }
    answer.starts_with(b"HTTP/1.1 200 OK\r\n")
}

/// Ten thousand connections that say nothing, and some that said something once.
#[test]
fn ten_thousand_idle_connections_cost_little_and_harm_nobody() {
    const TALKERS: usize = 1_000;
    let allowed = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let most = usize::try_from(allowed.saturating_sub(200))
        .unwrap()
        .min(10_000);
    let house = House::public()
        .with("server.max_connections", "20000")
        .with("server.head_timeout", "10m")
        .with("server.keep_alive_timeout", "10m");
    let server = house.serve(&[]);
    exchange(&server, LAST);
    let before = memory_kib(&server);

    let mut talkers: Vec<TcpStream> = (0..TALKERS.min(most)).map(|_| connect(&server)).collect();
    for talker in &mut talkers {
        assert!(ask(talker));
    }
    let with_talkers = memory_kib(&server);
    let mut silent = Vec::new();
    while talkers.len() + silent.len() < most {
        silent.push(connect(&server));
        if silent.len() % 500 == 0 {
            // An answer shows that those before it were accepted: more than the backlog would wait.
            exchange(&server, LAST);
        }
    }
    let asked_at = Instant::now();
    assert_eq!(exchange(&server, LAST)[0].status, 200);
    assert!(asked_at.elapsed() < Duration::from_secs(10));
    let with_all = memory_kib(&server);

    let per_talker = with_talkers.saturating_sub(before) / talkers.len();
    let per_silent = with_all.saturating_sub(with_talkers) / silent.len().max(1);
    eprintln!(
        "{most} idle connections; {per_silent} KiB for one that said nothing, {per_talker} KiB for one that asked once; {with_all} KiB in all"
    );
    assert!(per_silent <= 20, "{per_silent} KiB each");
    assert!(per_talker <= 40, "{per_talker} KiB each");
    assert!(ask(&mut talkers[0]), "they are all still there");
    drop((talkers, silent));
    for _ in 0..20 {
        assert_eq!(exchange(&server, LAST)[0].status, 200);
    }
}

/// Every place taken by strangers who wait: the oldest of them makes room for whoever comes.
#[test]
fn an_honest_client_gets_in_when_strangers_hold_all_places() {
    let house = House::public()
        .with("server.max_connections", "20")
        .with("server.head_timeout", "10m")
        .with("server.keep_alive_timeout", "10m");
    for kind in ["silent", "slow", "asked once"] {
        // Its own server: strangers of the round before, who have just gone, may still have places.
        let server = house.serve(&[]);
        let mut strangers: Vec<TcpStream> = (0..20).map(|_| connect(&server)).collect();
        for stranger in &mut strangers {
            match kind {
                "slow" => stranger.write_all(b"GET /healthz HT").unwrap(),
                "asked once" => assert!(ask(stranger)),
                _ => {}
            }
        }
        for _ in 0..50 {
            let answers = exchange(&server, LAST);
            assert_eq!(answers.len(), 1, "{kind}");
            assert_eq!(answers[0].status, 200, "{kind}");
        }
    }
}

/// Nobody needs to make room for who found a place that became free by itself: least of all the newcomer, who has
/// waited for it with a request at hand.
#[test]
fn whoever_waited_for_a_place_is_served_when_it_becomes_free() {
    const UPLOAD: &[u8] = b"POST /api/auth/login/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    let house = House::public().with("server.max_connections", "1");
    let server = house.serve(&[]);
    for turn in 0..20 {
        let mut busy = connect(&server);
        busy.write_all(UPLOAD).unwrap();
        // The 100 shows that the request is under way.
        busy.read_exact(&mut [0; 25]).unwrap();
        let mut newcomer = connect(&server);
        newcomer.write_all(LAST.as_bytes()).unwrap();
        // Time to be accepted. Who comes later finds a free place and is served as well.
        std::thread::sleep(Duration::from_millis(50));
        busy.write_all(b"{}").unwrap();
        assert_eq!(answers(busy)[0].status, 400);
        let newcomers = answers(newcomer);
        assert_eq!(newcomers.len(), 1, "turn {turn}");
        assert_eq!(newcomers[0].status, 200, "turn {turn}");
    }
}

/// A request under way is never cut off for a newcomer, who waits.
#[test]
fn a_request_under_way_keeps_its_place() {
    let house = House::public().with("server.max_connections", "2");
    let server = house.serve(&[]);
    let mut busy: Vec<TcpStream> = (0..2).map(|_| connect(&server)).collect();
    for stream in &mut busy {
        // The 100 shows that the request is under way.
        stream.write_all(b"POST /api/auth/login/ HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n").unwrap();
        stream.read_exact(&mut [0; 25]).unwrap();
    }
    let mut newcomer = connect(&server);
    newcomer.write_all(LAST.as_bytes()).unwrap();
    newcomer
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    assert!(newcomer.read(&mut [0; 1]).is_err(), "it is not served yet");
    newcomer
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    busy[0].write_all(b"{}").unwrap();
    let mut start = [0; 12];
    busy[0].read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 400");
    let newcomers = answers(newcomer);
    assert_eq!(newcomers.len(), 1);
    assert_eq!(newcomers[0].status, 200);
    busy[1]
        .write_all(format!("{{}}{SMUGGLED}").as_bytes())
        .unwrap();
    busy[1].read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 400");
}
