//! Mails as files in a directory, for another program to take from there.

use std::fs::{DirBuilder, File};
use std::future::Future;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use anyhow::{Context as _, Result, bail};
use hardtack::mail::{MailError, Mailer, OutgoingMail};

use super::message::{compose, mailbox};
use crate::config::mail::Sender;
use crate::timestamp::iso;

/// Writes each mail as an `.eml` file (RFC 5322), whole or not at all.
#[derive(Debug)]
pub(crate) struct MailDirectory {
    directory: PathBuf,
    from: Sender,
}

impl MailDirectory {
    /// Into `directory`, which is made for its owner only if there is none.
    pub(super) fn new(directory: PathBuf, from: &Sender) -> Self {
        Self {
            directory,
            from: from.clone(),
        }
    }
}

/// Refuses a directory that no mail can be written to. One that is not there is made for the first
/// mail, so that the nearest one above it is asked. Leaves nothing behind.
///
/// # Errors
/// The fault, with its remedy.
pub(super) fn verify(directory: &Path) -> Result<()> {
    let is_there = |path: &&Path| path.symlink_metadata().is_ok();
    let nearest = match directory.ancestors().find(is_there) {
        Some(nearest) => nearest,
        None => Path::new("."),
    };
    if !nearest.is_dir() {
        bail!(
            "mail.directory: {} is not a directory; name another place for mails",
            nearest.display()
        );
    }
    // Only writing tells: modes know nothing of read-only mounts. The file has no name, or loses it
    // at once.
    tempfile::tempfile_in(nearest).with_context(|| {
        format!(
            "mail.directory: cannot write to {}; make it writable for the user who runs the server, or name another place for mails",
            nearest.display()
        )
    })?;
    Ok(())
}

impl Mailer for MailDirectory {
    fn send<'a>(
        &'a self,
        mail: &'a OutgoingMail,
    ) -> Pin<Box<dyn Future<Output = Result<(), MailError>> + Send + 'a>> {
        Box::pin(async move {
            let from = mailbox(&self.from).map_err(|error| MailError::Later(error.to_string()))?;
            let bytes = compose(&from, mail)?.formatted();
            let path = self.directory.join(format!("{}.eml", file_stem(mail)));
            write_whole(path, bytes).await
        })
    }
}

/// When it was queued, then its id: a list of the directory is in order, and a mail that is sent
/// twice is one file.
pub(super) fn file_stem(mail: &OutgoingMail) -> String {
    let at: String = iso(mail.date)
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '.')
        .collect();
    format!("{at}-{}", mail.message_id)
}

/// Writes a file for its owner only, off the async threads: a disk that hangs delays no request.
pub(super) async fn write_whole(path: PathBuf, bytes: Vec<u8>) -> Result<(), MailError> {
    let failed = |reason: String| MailError::Later(format!("cannot write the mail: {reason}"));
    match tokio::task::spawn_blocking(move || write(&path, &bytes)).await {
        Ok(written) => written.map_err(|error| failed(error.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    // `tempfile` opens it for its owner only. Its name does not end in .eml, so that nobody takes
    // it before it is whole.
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path)?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::message::tests::{mail, sender};
    use super::*;

    #[tokio::test]
    async fn a_mail_is_one_whole_file_however_often_it_is_sent() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("out/going");
        let mailer = MailDirectory::new(directory.clone(), &sender());
        mailer.send(&mail()).await.unwrap();
        mailer.send(&mail()).await.unwrap();
        let files: Vec<_> = directory.read_dir().unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 1);
        let name = files[0].file_name().into_string().unwrap();
        assert!(name.ends_with("-0123abcd.eml"), "{name}");
        let mode = files[0].metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(files[0].path()).unwrap();
        assert!(text.contains("Auto-Submitted: auto-generated"), "{text}");
    }

    #[test]
    fn looking_at_a_directory_makes_nothing() {
        let root = tempfile::tempdir().unwrap();
        verify(root.path()).unwrap();
        verify(&root.path().join("not/there/yet")).unwrap();
        assert_eq!(root.path().read_dir().unwrap().count(), 0);
        let lost = root.path().join("link");
        std::os::unix::fs::symlink("nowhere", &lost).unwrap();
        assert!(verify(&lost).is_err(), "no directory can be made there");
    }

    #[tokio::test]
    async fn a_directory_that_cannot_be_written_to_is_tried_later() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        std::fs::write(&file, "").unwrap();
        let mailer = MailDirectory::new(file.join("below"), &sender());
        assert!(matches!(
            mailer.send(&mail()).await,
            Err(MailError::Later(_))
        ));
    }
}
