//! TLS in the binary: rustls over aws-lc-rs, 1.2 and 1.3, with a certificate that is taken up again
//! whenever its files change.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tracing::{error, info};

use crate::config::TlsConfig;
use crate::data_dir::DataDir;
use crate::file_stamp::Stamp;
use crate::private_file::read_private;

mod stream;

pub(super) use stream::Stream;

/// A chain has a few certificates of a few kilobytes. Anything much longer is another file.
const MAX_BYTES: u64 = 256 * 1024;

/// How often it is looked whether the files have changed.
const EVERY: Duration = Duration::from_secs(1);

/// The certificate and its key at rest.
#[derive(Debug, Clone)]
pub(super) struct TlsFiles {
    certificate: PathBuf,
    key: PathBuf,
}

/// Of both files.
type Stamps = [Option<Stamp>; 2];

impl TlsFiles {
    /// Those that the configuration names.
    pub(super) fn new(data_dir: &DataDir, config: &TlsConfig) -> Self {
        Self {
            certificate: data_dir.file(&config.certificate),
            key: data_dir.file(&config.key),
        }
    }

    /// Whether the pair can be used, as [`load`](Self::load) tells it.
    pub(super) fn verify(&self) -> Result<()> {
        self.load().map(drop)
    }

    fn stamps(&self) -> Stamps {
        [Stamp::of(&self.certificate), Stamp::of(&self.key)]
    }

    /// Reads the pair.
    ///
    /// # Errors
    /// What is wrong with which file. Never a part of the key.
    fn load(&self) -> Result<Arc<ServerConfig>> {
        let chain = self.chain().context("server.tls_cert")?;
        let key = self.key().context("server.tls_key")?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            // Older versions are dead: RFC 8996.
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .with_context(|| {
                format!(
                    "server.tls_cert: {} and the key in {} cannot be used together",
                    self.certificate.display(),
                    self.key.display()
                )
            })?;
        // Nothing else is spoken here: a client that insists on another protocol is refused
        // instead of misunderstood (ALPACA, RFC 7301 §3.2).
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>> {
        let path = self.certificate.display();
        let mut text = Vec::new();
        File::open(&self.certificate)
            .and_then(|file| file.take(MAX_BYTES).read_to_end(&mut text))
            .with_context(|| format!("cannot read {path}"))?;
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&text)
            .collect::<Result<_, _>>()
            .map_err(|error| anyhow!("{path} is no PEM: {error}"))?;
        if chain.is_empty() {
            bail!(
                "there is no certificate in {path}; it holds the chain in PEM, the server's own first"
            );
        }
        Ok(chain)
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>> {
        let path = self.key.display();
        let text = read_private(&self.key)?.ok_or_else(|| anyhow!("there is no {path}"))?;
        // The parser's own error may quote what it stumbled over.
        PrivateKeyDer::from_pem_slice(text.expose_secret().as_bytes())
            .map_err(|_| anyhow!("there is no unencrypted private key in PEM in {path}"))
    }
}

/// Where connections come in: through TLS, or as they are.
#[derive(Clone)]
pub(super) enum Door {
    /// Whatever stands in front has seen to TLS.
    Plain,
    /// With the newest certificate that can be used.
    Tls(watch::Receiver<Arc<ServerConfig>>),
}

impl Door {
    /// Shakes hands, if that is what is done here. It is for the caller to lose patience.
    pub(super) async fn open(&self, stream: TcpStream) -> std::io::Result<Stream> {
        match self {
            Self::Plain => Ok(Stream::plain(stream)),
            Self::Tls(current) => {
                let acceptor = TlsAcceptor::from(Arc::clone(&current.borrow()));
                Ok(Stream::tls(acceptor.accept(stream).await?))
            }
        }
    }
}

/// Takes up what an ACME client writes, without a restart.
pub(super) struct Renewal {
    files: TlsFiles,
    taken_up: Stamps,
    newest: watch::Sender<Arc<ServerConfig>>,
}

impl Renewal {
    /// The door with the pair that is there now.
    ///
    /// # Errors
    /// The pair cannot be used.
    pub(super) fn new(files: TlsFiles) -> Result<(Self, Door)> {
        // Taken before the files are read: a change in between is seen again, not missed.
        let taken_up = files.stamps();
        let (newest, current) = watch::channel(files.load()?);
        let renewal = Self {
            files,
            taken_up,
            newest,
        };
        Ok((renewal, Door::Tls(current)))
    }

    /// Looks at the files until `shutdown` resolves.
    pub(super) async fn run(mut self, shutdown: impl Future<Output = ()>) {
        let looking = async {
            let mut ticks = tokio::time::interval(EVERY);
            let mut before = self.taken_up;
            loop {
                ticks.tick().await;
                let stamps = self.files.stamps();
                // Two files are never replaced at once: the pair is read when both are at rest.
                if stamps != self.taken_up && stamps == before {
                    self.taken_up = stamps;
                    self.take_up();
                }
                before = stamps;
            }
        };
        tokio::select! {
            () = looking => {}
            () = shutdown => {}
        }
    }

    /// A pair that cannot be used leaves the old one in force: it is better than none, and whoever
    /// wrote it hears of it here. Connections that stand keep what they began with.
    fn take_up(&self) {
        match self.files.load() {
            Ok(config) => {
                self.newest.send_replace(config);
                info!("certificate taken up from the changed files");
            }
            Err(error) => error!(
                error = format!("{error:#}"),
                "the changed certificate is not used; the old one stays"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use hardtack_core::Secret;
    use tempfile::TempDir;

    use super::*;
    use crate::private_file::write_private;

    /// A certificate for `app.example.com` and its key, in PEM.
    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["app.example.com".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn files(root: &TempDir, certificate: &str, key: &str) -> TlsFiles {
        let data_dir = DataDir::open_or_create(root.path()).unwrap();
        std::fs::write(data_dir.file("cert.pem"), certificate).unwrap();
        write_private(&data_dir.file("key.pem"), &Secret::new(key.to_owned())).unwrap();
        let config = TlsConfig {
            certificate: "cert.pem".into(),
            key: "key.pem".into(),
        };
        TlsFiles::new(&data_dir, &config)
    }

    #[test]
    fn a_pair_that_belongs_together_is_used() {
        let root = tempfile::tempdir().unwrap();
        let (certificate, key) = pair();
        let config = files(&root, &certificate, &key).load().unwrap();
        assert_eq!(config.alpn_protocols, [b"http/1.1"]);
    }

    #[test]
    fn what_cannot_be_used_is_named_and_never_shown() {
        let (certificate, key) = pair();
        let (_, other_key) = pair();
        let inside = key.lines().nth(1).unwrap();
        for (certificate, key, named) in [
            (
                certificate.as_str(),
                other_key.as_str(),
                "cannot be used together",
            ),
            ("", &key, "server.tls_cert: there is no certificate in"),
            ("-----BEGIN CERTIFICATE-----\n!", &key, "server.tls_cert: "),
            (&key, &key, "server.tls_cert: there is no certificate in"),
            (
                &certificate,
                "",
                "server.tls_key: there is no unencrypted private key",
            ),
            (
                &certificate,
                &certificate,
                "server.tls_key: there is no unencrypted",
            ),
            (
                &certificate,
                inside,
                "server.tls_key: there is no unencrypted",
            ),
        ] {
            let root = tempfile::tempdir().unwrap();
            let error = files(&root, certificate, key).load().unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains(named), "{error}");
            assert!(!error.contains(inside), "{error}");
        }
    }

    /// docs/threat-model.md SV-6: who else can read the key can be the server.
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let (certificate, key) = pair();
        let files = files(&root, &certificate, &key);
        std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = format!("{:#}", files.load().unwrap_err());
        assert!(
            error.starts_with("server.tls_key: others can read "),
            "{error}"
        );
    }
}
