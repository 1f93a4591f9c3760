//! The programs under test: the release binary in a directory of its own, and the bare peer.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::process;

pub(crate) const USER: &str = "quinn";
pub(crate) const PASSWORD: &str = "a biscuit that keeps for years";
/// A shared secret has a file, and this is what is in it.
const HS256_SECRET: &str = "Zq8#nT2vL5!xR7mC4wK9pB6yF3hJ1dGsE0aU";

/// Where the programs are.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    pub(crate) hardtack: PathBuf,
    pub(crate) bare_hyper: PathBuf,
    pub(crate) guarded_route: PathBuf,
    /// Other systems, if they are to be measured beside ours: a name, and how one is started.
    pub(crate) peers: Vec<(&'static str, Vec<PathBuf>)>,
}

/// A directory with a configuration, a database and one user.
pub(crate) struct House {
    root: TempDir,
    hardtack: PathBuf,
}

impl House {
    /// A production server's house, as `hardtack.toml` makes it, plus `settings`.
    pub(crate) fn build(programs: &Programs, algorithm: &str, settings: &str) -> Result<Self> {
        let root = tempfile::tempdir()?;
        let shared = algorithm == "HS256";
        let key_file = if shared {
            "key_file = \"shared\"\n"
        } else {
            ""
        };
        let config = format!(
            "[server]\npublic_url = \"https://app.example.com\"\ndata_dir = \"data\"\n\n\
             [tokens]\nalgorithm = \"{algorithm}\"\n{key_file}\n{settings}"
        );
        std::fs::write(root.path().join("hardtack.toml"), config)?;
        let house = Self {
            root,
            hardtack: programs.hardtack.clone(),
        };
        if shared {
            std::fs::DirBuilder::new().create(house.data_dir())?;
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            let mut file = options.open(house.data_dir().join("shared"))?;
            file.write_all(HS256_SECRET.as_bytes())?;
            let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o700);
            std::fs::set_permissions(house.data_dir(), owner_only)?;
        }
        house.add_user()?;
        Ok(house)
    }

    fn add_user(&self) -> Result<()> {
        let mut command = self.command();
        command.args(["user", "add", USER, "--password-stdin"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(PASSWORD.as_bytes())?;
        }
        if !child.wait()?.success() {
            bail!("`hardtack user add` failed");
        }
        Ok(())
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.data_dir().join("hardtack.db")
    }

    /// Starts the server and waits until it says where it listens.
    pub(crate) fn serve(&self) -> Result<Server> {
        let mut command = self.command();
        command.args(["serve", "--json", "--listen", "127.0.0.1:0"]);
        // What it logs is written, as it would be: to a file, for the disk is nobody's terminal.
        command.stderr(std::fs::File::create(self.root.path().join("log"))?);
        Server::start(command).with_context(|| {
            std::fs::read_to_string(self.root.path().join("log")).unwrap_or_default()
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.hardtack);
        command.current_dir(self.root.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HARDTACK") {
                command.env_remove(name);
            }
        }
        command
    }
}

/// A running server. It ends with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn bare_hyper(programs: &Programs) -> Result<Self> {
        Self::start(Command::new(&programs.bare_hyper))
    }

    /// An application behind the guard, with the keys of `authority`.
    pub(crate) fn guarded_route(programs: &Programs, authority: &Self) -> Result<Self> {
        let mut command = Command::new(&programs.guarded_route);
        command.arg(format!("http://{}", authority.address));
        Self::start(command)
    }

    /// Another system, with the same user, the same routes and the same name of the cookie.
    pub(crate) fn peer(command: &[PathBuf]) -> Result<Self> {
        let (program, arguments) = command.split_first().context("a peer without a program")?;
        let mut command = Command::new(program);
        command.args(arguments).args([USER, PASSWORD]);
        Self::start(command)
    }

    fn start(mut command: Command) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| {
            let program = Path::new(command.get_program());
            format!("could not start {}", program.display())
        })?;
        let mut said = String::new();
        if let Some(stdout) = &mut child.stdout {
            BufReader::new(stdout).read_line(&mut said)?;
        }
        let address = serde_json::from_str::<Value>(&said).ok().and_then(|said| {
            let url = said.get("listening")?.as_str()?.to_owned();
            url.strip_prefix("http://")?.parse().ok()
        });
        let Some(address) = address else {
            let _ = child.kill();
            bail!("the server did not say where it listens");
        };
        Ok(Self { child, address })
    }

    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        process::cpu_time(self.child.id())
    }

    pub(crate) fn memory_bytes(&self) -> Result<u64> {
        process::memory_bytes(self.child.id())
    }

    /// Asks it to stop as an operator would, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been stopped already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
