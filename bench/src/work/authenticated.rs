//! B1: an authenticated request, its token seen before.

use anyhow::{Context as _, Result};

use super::{Slice, Task, log_in};
use crate::figures::Spread;
use crate::load::Requests;
use crate::report::{Line, Report, Verdict};
use crate::request;
use crate::server::{House, Server};
use crate::terminal::progress;

const CONNECTIONS: usize = 32;
const REQUESTS: usize = 40_000;
/// A machine that others use changes its speed within seconds: the same work in more and shorter turns
/// compares it with a limit of the same moment.
const TURNS: usize = 3;

const SESSION: &str = "/api/auth/session/";
const USER: &str = "/api/auth/user/";
const DATA: &str = "/api/data";
const PEER: &str = "GET user/ of ";
/// Two hundred times the price would be minutes.
const PEER_SHARE: usize = 20;

/// One thing that is asked of one server, and what it cost in each round.
struct Subject<'a> {
    label: String,
    server: &'a Server,
    request: Vec<u8>,
    /// Divides how much it is asked.
    share: usize,
    micros: Vec<f64>,
    rates: Vec<f64>,
}

impl<'a> Subject<'a> {
    fn new(label: String, server: &'a Server, request: Vec<u8>) -> Self {
        Self {
            label,
            server,
            request,
            share: 1,
            micros: Vec::new(),
            rates: Vec::new(),
        }
    }

    fn measure(&mut self, count: usize) -> Result<()> {
        let bytes = self.request.clone();
        let slice = Slice::of(self.server, CONNECTIONS, Requests::Same { bytes, count })?;
        self.micros.push(slice.micros());
        self.rates.push(slice.outcome.all_succeeded()?.rate());
        Ok(())
    }
}

pub(crate) fn run(task: &Task<'_>, report: &mut Report) -> Result<()> {
    let bare = Server::bare_hyper(task.programs)?;
    let mut peers = Vec::new();
    for (name, command) in &task.programs.peers {
        let server = Server::peer(command).with_context(|| format!("{name} did not start"))?;
        let access = log_in(&server).with_context(|| format!("{name} logs nobody in"))?;
        peers.push((name, server, access));
    }
    let mut servers = Vec::new();
    for algorithm in ["ES256", "EdDSA", "RS256", "HS256"] {
        let house = House::build(task.programs, algorithm, "")?;
        let server = house.serve()?;
        let access = log_in(&server)?;
        servers.push((algorithm, house, server, access));
    }
    let guarded = match servers.first() {
        Some((.., authority, access)) => {
            let app = Server::guarded_route(task.programs, authority)?;
            Some((app, request::get(DATA, access)))
        }
        None => None,
    };
    let mut subjects = Vec::new();
    for (algorithm, _, server, access) in &servers {
        if subjects.is_empty() {
            let limit = request::get(SESSION, access);
            subjects.push(Subject::new("bare hyper".to_owned(), &bare, limit));
            let user = request::get(USER, access);
            subjects.push(Subject::new("GET user/".to_owned(), server, user));
        }
        if let Some((app, request)) = guarded.as_ref().filter(|_| subjects.len() == 2) {
            let label = "a guarded route elsewhere, ES256".to_owned();
            subjects.push(Subject::new(label, app, request.clone()));
        }
        let label = format!("GET session/, {algorithm}");
        subjects.push(Subject::new(label, server, request::get(SESSION, access)));
    }
    for (name, server, access) in &peers {
        let request = request::get(USER, access);
        let mut peer = Subject::new(format!("{PEER}{name}"), server, request);
        peer.share = PEER_SHARE;
        subjects.push(peer);
    }
    // The first round warms up: caches fill, threads start.
    let rounds = task.rounds * TURNS;
    for round in 0..=rounds {
        for subject in &mut subjects {
            progress(&format!("B1 round {round}/{rounds}: {}", subject.label));
            if round == 0 {
                subject.measure(1000 / subject.share)?;
                subject.micros.clear();
                subject.rates.clear();
            } else {
                subject.measure(task.share_of(REQUESTS) / TURNS / subject.share)?;
            }
        }
    }
    tell(&subjects, report);
    Ok(())
}

fn tell(subjects: &[Subject<'_>], report: &mut Report) {
    let Some((bare, ours)) = subjects.split_first() else {
        return;
    };
    let bare_micros = Spread::of(bare.micros.iter().copied());
    let rate = Spread::of(bare.rates.iter().copied());
    report.bar("bare hyper", bare_micros.median, None);
    report.line(Line {
        id: "B1",
        work: "the limit: bare hyper".to_owned(),
        budget: String::new(),
        measured: format!("{bare_micros} µs CPU, {rate} req/s"),
        verdict: Verdict::Told,
    });
    for subject in ours {
        let cpu = Spread::of_ratios(&subject.micros, &bare.micros);
        let micros = Spread::of(subject.micros.iter().copied());
        if subject.label.starts_with(PEER) {
            let rate = Spread::of_ratios(&subject.rates, &bare.rates);
            report.line(Line {
                id: "B1",
                work: subject.label.clone(),
                budget: String::new(),
                measured: format!("CPU {cpu} ×, {micros} µs, req/s {rate} ×"),
                verdict: Verdict::Told,
            });
            continue;
        }
        let allowed = if subject.label.starts_with("GET user/") {
            2.0
        } else {
            1.3
        };
        report.bar(
            &subject.label,
            micros.median,
            Some(allowed * bare_micros.median),
        );
        report.line(Line {
            id: "B1",
            work: subject.label.clone(),
            budget: format!("CPU ≤ {allowed:.2} ×"),
            measured: format!("{cpu} ×, {:.1} µs", micros.median),
            verdict: Verdict::of(cpu.median <= allowed),
        });
        if allowed < 2.0 {
            let rate = Spread::of_ratios(&subject.rates, &bare.rates);
            report.line(Line {
                id: "B1",
                work: format!("{}, rate", subject.label),
                budget: "req/s ≥ 0.90 ×".to_owned(),
                measured: format!("{rate} ×"),
                verdict: Verdict::of(rate.median >= 0.9),
            });
        }
    }
}
