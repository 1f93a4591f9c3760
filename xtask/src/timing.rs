//! `cargo xtask timing`: does the time of a refused login tell whether the user exists?

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command::{run as run_command, say};
use crate::workspace::{self, cargo};

mod ranks;

use ranks::Comparison;

/// Below `cargo xtask timing --help`.
pub(crate) const HELP: &str = "\
Logs in at the release binary over one connection, in turns with a wrong password of a user (Argon2id)
and with a name that nobody has, and compares the two medians (docs/threat-model.md AU-4). The limits
on guessing are raised by configuration, and the guesses spread over many names. Exit code 1 when the
medians are a millisecond or more apart, or a tenth of that beyond doubt (four standard deviations).
The machine should have nothing else to do.

Examples:
  cargo xtask timing                         ten thousand logins of each kind
  cargo xtask timing --samples 500           a first look";

/// Medians this far apart fail: what a stranger on the same network could still tell.
const ALLOWED: Duration = Duration::from_millis(1);

/// Medians this far apart fail when chance does not do it: a hash that is made elsewhere on the stack
/// for one kind takes two hundred microseconds more.
const ALLOWED_IF_IN_DOUBT: Duration = Duration::from_micros(100);

/// A run of a hundred failures locks an account for a day, whatever is configured.
const TRIES_PER_NAME: u32 = 90;

/// What the first hashes cost besides, for their memory is new, is not part of the question.
const WARM_UP: u32 = 10;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many logins of each of the two kinds
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    samples: u32,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let samples = arguments.samples;
    run_command(cargo().args(["build", "--release", "-p", "hardtack-server"]))?;
    let server = Server::start(samples.saturating_add(WARM_UP).div_ceil(TRIES_PER_NAME))?;
    let mut connection = Connection::to(server.address)?;
    for index in 0..WARM_UP {
        connection.log_in(&known(index))?;
        connection.log_in(&unknown(index))?;
    }
    let (mut with_user, mut without) = (Vec::new(), Vec::new());
    let started = Instant::now();
    let report_every = samples.div_ceil(20);
    for index in 0..samples {
        let name = index + WARM_UP;
        // Neither kind always comes first, and who does has no period (Thue and Morse), so that nothing
        // which comes in turns favours one: each hashing thread has memory of its own.
        if index.count_ones() % 2 == 0 {
            with_user.push(connection.log_in(&known(name))?);
            without.push(connection.log_in(&unknown(name))?);
        } else {
            without.push(connection.log_in(&unknown(name))?);
            with_user.push(connection.log_in(&known(name))?);
        }
        let done = index + 1;
        if done % report_every == 0 || done == samples {
            let left = started.elapsed() / done * (samples - done);
            say(&format!(
                "{done} of {samples} logins of each kind, {} s left",
                left.as_secs()
            ));
        }
    }
    let comparison = Comparison::of(&with_user, &without);
    say(&comparison.table());
    let apart = comparison.apart();
    if apart >= ALLOWED || (apart >= ALLOWED_IF_IN_DOUBT && comparison.is_beyond_doubt()) {
        let why = if comparison.is_chance() {
            "which may be chance: let the machine do nothing else, and run it again"
        } else {
            "so the time of a login tells who exists"
        };
        say(&format!("the medians are {apart:.1?} apart, {why}"));
        return Ok(ExitCode::FAILURE);
    }
    say(&format!(
        "the medians are {apart:.1?} apart; {ALLOWED:?} would fail, and {ALLOWED_IF_IN_DOUBT:?} beyond doubt"
    ));
    Ok(ExitCode::SUCCESS)
}

/// The name of the `index`th try; both kinds change names at the same pace and are equally long.
fn known(index: u32) -> String {
    format!("somebody{:05}", index / TRIES_PER_NAME)
}

fn unknown(index: u32) -> String {
    format!("stranger{:05}", index / TRIES_PER_NAME)
}

/// The release binary with its users, in a directory that goes away with it.
struct Server {
    child: Child,
    address: SocketAddr,
    directory: PathBuf,
}

impl Server {
    fn start(users: u32) -> Result<Self> {
        let directory = workspace::target()?.join(format!("timing-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory)?;
        say(&format!("adding {users} users"));
        for index in 0..users {
            add_user(&directory, &known(index * TRIES_PER_NAME))?;
        }
        let mut serve = hardtack(&directory)?;
        serve.args(["serve", "--json", "--listen", "127.0.0.1:0"]);
        let log = std::fs::File::create(directory.join("log"))?;
        let mut child = serve.stdout(Stdio::piped()).stderr(log).spawn()?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let mut said = String::new();
        BufReader::new(stdout).read_line(&mut said)?;
        let said: Value = serde_json::from_str(&said).context("the server did not start")?;
        let url = said.get("listening").and_then(Value::as_str);
        let address = url.and_then(|url| url.strip_prefix("http://"));
        let address = address.context("the server does not say where it listens")?;
        Ok(Self {
            address: address.parse()?,
            child,
            directory,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn hardtack(directory: &Path) -> Result<Command> {
    let mut command = Command::new(workspace::release_binary()?);
    command.current_dir(directory).stdin(Stdio::null());
    command.envs([
        ("HARDTACK__SERVER__PUBLIC_URL", "https://app.example.com"),
        ("HARDTACK__RATE_LIMIT__LOGIN_PER_USER", "100"),
        ("HARDTACK__RATE_LIMIT__LOGIN_PER_ADDRESS", "1000000"),
        ("HARDTACK__RATE_LIMIT__LOGIN_TOTAL", "1000000"),
        ("HARDTACK__LOG__LEVEL", "error"),
    ]);
    Ok(command)
}

fn add_user(directory: &Path, name: &str) -> Result<()> {
    let mut add = hardtack(directory)?;
    add.args(["user", "add", name, "--password-stdin"]);
    let mut child = add
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()?;
    let mut input = child.stdin.take().context("the command has no input")?;
    input.write_all(b"a biscuit that keeps for years")?;
    drop(input);
    if !child.wait()?.success() {
        bail!("the user {name} could not be added");
    }
    Ok(())
}

/// One connection that stays open, written by hand: a client's own work would be part of the time.
struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    fn to(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            answer: Vec::new(),
        })
    }

    /// The time from the request to the end of its answer, which must be the refusal.
    fn log_in(&mut self, name: &str) -> Result<Duration> {
        let body = format!("{{\"username\":\"{name}\",\"password\":\"not the right one\"}}");
        let request = format!(
            "POST /api/auth/login/ HTTP/1.1\r\nhost: app.example.com\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.answer.clear();
        let asked = Instant::now();
        self.stream.write_all(request.as_bytes())?;
        let mut chunk = [0; 4_096];
        loop {
            let read = self.stream.read(&mut chunk)?;
            if read == 0 {
                bail!("the server closed the connection");
            }
            self.answer.extend(chunk.iter().take(read));
            // The refusal is the only answer that ends like this.
            if self.answer.ends_with(b"credentials.\"]}") {
                return Ok(asked.elapsed());
            }
            if self.answer.ends_with(b"}") {
                bail!(
                    "not a refused login: {}",
                    String::from_utf8_lossy(&self.answer)
                );
            }
        }
    }
}
