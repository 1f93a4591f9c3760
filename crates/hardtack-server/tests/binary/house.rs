//! A place to run the binary in: an empty directory that goes away with the test.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a change by the command line may take to reach a running server.
pub(crate) const NOTICED_WITHIN: Duration = Duration::from_secs(2);

const PATIENCE: Duration = Duration::from_secs(20);

/// A password that keeps every rule.
pub(crate) const PASSWORD: &str = "a biscuit that keeps for years";

/// A working directory with nothing of this machine's in it.
pub(crate) struct House {
    root: TempDir,
    variables: Vec<(String, String)>,
}

impl House {
    pub(crate) fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// With `HARDTACK__SECTION__KEY` for `section.key`.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        let name = format!("HARDTACK__{}", key.to_uppercase().replace('.', "__"));
        self.variables.push((name, value.to_owned()));
        self
    }

    /// With the public URL that a production server needs.
    pub(crate) fn public() -> Self {
        Self::new().with("server.public_url", "https://app.example.com")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// A file for its owner only, and the directories above it.
    pub(crate) fn write_private(&self, name: &str, text: &str) {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        let path = self.path(name);
        let mut directory = std::fs::DirBuilder::new();
        directory.recursive(true).mode(0o700);
        directory.create(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn hardtack(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hardtack"));
        command.args(arguments).current_dir(self.root.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HARDTACK") {
                command.env_remove(name);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command with `input` as its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Run {
        let mut child = self
            .hardtack(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that fails early does not read it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Run::of(child.wait_with_output().unwrap())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "")
    }

    /// Runs a command that must succeed, and gives what it printed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
        run.stdout
    }

    /// Like [`ok`](Self::ok), with `--json`.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.ok(&arguments)).unwrap()
    }

    /// Runs a command that must fail with 1, and gives what it complained of.
    pub(crate) fn fails(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, 1, "{arguments:?}: {}{}", run.stdout, run.stderr);
        run.stderr
    }

    pub(crate) fn add_user(&self, name: &str) {
        let run = self.run_with(&["user", "add", name, "--password-stdin"], PASSWORD);
        assert_eq!(run.code, 0, "{}", run.stderr);
    }

    /// Starts a server on a free port and waits until it says where it listens.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Server {
        self.serve_at("127.0.0.1:0", arguments)
    }

    /// Like [`serve`](Self::serve), where another server was before.
    pub(crate) fn serve_at(&self, address: &str, arguments: &[&str]) -> Server {
        let arguments = [&["serve", "--json", "--listen", address], arguments].concat();
        let mut child = self
            .hardtack(&arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (lines, log) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = lines.send(line);
            }
        });
        let mut said = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut said).unwrap();
        let Ok(said) = serde_json::from_str::<Value>(&said) else {
            let _ = child.kill();
            panic!(
                "the server did not start: {}",
                log.iter().collect::<Vec<_>>().join("\n")
            );
        };
        Server {
            child,
            url: said["listening"].as_str().unwrap().to_owned(),
            said,
            log,
        }
    }
}

/// What became of a command.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("not ended by a signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    /// The line it printed.
    pub(crate) said: Value,
    log: mpsc::Receiver<String>,
}

impl Server {
    pub(crate) fn address(&self) -> SocketAddr {
        self.url.split_once("://").unwrap().1.parse().unwrap()
    }

    /// What was logged and not read before.
    pub(crate) fn logged(&self) -> String {
        self.log.try_iter().collect::<Vec<_>>().join("\n")
    }

    /// Its process id.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let process = self.process().to_string();
        assert!(
            Command::new("kill")
                .args([name, &process])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Lowers the limit of open files of the running process.
    pub(crate) fn allow_open_files(&self, most: u32) {
        let process = self.process().to_string();
        let limit = format!("--nofile={most}");
        assert!(
            Command::new("prlimit")
                .args(["--pid", &process, &limit])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for the end, and gives the exit code (none after a signal) and the whole log.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "the server does not end");
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut rest = String::new();
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_string(&mut rest).unwrap();
        }
        (
            status.code(),
            self.log.iter().collect::<Vec<_>>().join("\n"),
        )
    }

    /// Asks for `path`, with cookies.
    pub(crate) async fn get(&self, path: &str, cookies: &str) -> (u16, Value) {
        let request = client()
            .get(format!("{}{path}", self.url))
            .header(COOKIE, cookies);
        read(request.send().await.unwrap()).await
    }

    /// Refreshes with cookies, and gives the status.
    pub(crate) async fn refresh(&self, cookies: &str) -> u16 {
        self.post("/api/auth/token/refresh/", cookies).await
    }

    /// Logs out with cookies, and gives the status.
    pub(crate) async fn log_out(&self, cookies: &str) -> u16 {
        self.post("/api/auth/logout/", cookies).await
    }

    async fn post(&self, path: &str, cookies: &str) -> u16 {
        let request = client()
            .post(format!("{}{path}", self.url))
            .header(COOKIE, cookies);
        request.send().await.unwrap().status().as_u16()
    }

    /// Logs in and gives the cookies to send back.
    pub(crate) async fn log_in(&self, user: &str, password: &str) -> Result<String, u16> {
        let body = json!({ "username": user, "password": password }).to_string();
        let request = client()
            .post(format!("{}/api/auth/login/", self.url))
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let response = request.send().await.unwrap();
        if !response.status().is_success() {
            return Err(response.status().as_u16());
        }
        let cookies = response.headers().get_all(SET_COOKIE).iter().map(|cookie| {
            cookie
                .to_str()
                .unwrap()
                .split(';')
                .next()
                .unwrap()
                .to_owned()
        });
        Ok(cookies.collect::<Vec<_>>().join("; "))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn read(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// Asks again and again until it is so, for as long as a change may take to be noticed.
pub(crate) async fn noticed(mut is_so: impl AsyncFnMut() -> bool) -> bool {
    let deadline = Instant::now() + NOTICED_WITHIN;
    loop {
        if is_so().await {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
