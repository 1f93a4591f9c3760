//! `hardtack mail`: does it arrive, and what has not?

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use hardtack::mail::{MailError, MailTemplates};
use hardtack::translation::Language;
use hardtack_core::Entropy as _;
use hardtack_core::user::EmailAddress;
use hardtack_store::{MailId, OutboxStore as _, QueuedMail};
use serde::Serialize;

use super::{now, open_store};
use crate::cli;
use crate::config::Loaded;
use crate::config::contradiction::Mode;
use crate::data_dir::DataDir;
use crate::mail::mailer;
use crate::terminal::Terminal;
use crate::timestamp::{iso, relative};

/// Mails read at once.
const PAGE: u32 = 500;

pub(super) async fn run(
    command: cli::Mail,
    loaded: &Loaded,
    terminal: Terminal,
) -> Result<ExitCode> {
    match command {
        cli::Mail::Test { address, language } => test(loaded, &address, &language, terminal).await,
        cli::Mail::Queue => queue(loaded, terminal).await,
    }
}

async fn test(
    loaded: &Loaded,
    address: &str,
    language: &str,
    terminal: Terminal,
) -> Result<ExitCode> {
    let to = EmailAddress::parse(address).with_context(|| format!("{address:?}"))?;
    if to.is_none() {
        bail!("an address is wanted");
    }
    let Some(language) = Language::parse(language) else {
        bail!("{language:?} is none of: en, es, fa, zh");
    };
    loaded.refuse_contradictions(Mode::Production)?;
    let config = &loaded.config;
    let data_dir = DataDir::look_at(&config.server.data_dir)?;
    let Some(mailer) = mailer(&data_dir, config, Mode::Production)? else {
        bail!(
            "mail.transport is \"none\", so that no mail is sent; set it to \"smtp\" or \"directory\""
        );
    };
    let mut id = [0; 16];
    hardtack::SystemEntropy.fill(&mut id);
    let id = data_encoding::HEXLOWER.encode(&id);
    let mail = MailTemplates::load(&config.settings)?.write_test(
        &config.settings,
        to,
        language,
        id,
        now(),
    )?;
    let timeout = config.settings.mail.timeout;
    match tokio::time::timeout(timeout, mailer.send(&mail)).await {
        Ok(Ok(())) => {}
        Ok(Err(MailError::Later(reason))) => bail!("not sent: {reason}"),
        Ok(Err(MailError::Never(reason))) => bail!("refused for good: {reason}"),
        Err(_) => bail!("no answer within {} s (mail.timeout)", timeout.as_secs()),
    }
    terminal.say(
        &format!("sent to {address}; whether it arrives, only the mailbox knows"),
        &serde_json::json!({ "sent_to": address }),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// A mail as programs see it.
#[derive(Serialize)]
struct MailView {
    id: i64,
    mail: &'static str,
    to: String,
    user: Option<i64>,
    queued_at: String,
    tries: u32,
    next_try_at: Option<String>,
    given_up_at: Option<String>,
    last_error: Option<String>,
}

impl From<&QueuedMail> for MailView {
    fn from(queued: &QueuedMail) -> Self {
        let given_up_at = queued.given_up_at.map(iso);
        Self {
            id: queued.id.0,
            mail: queued.mail.kind.name(),
            to: queued.mail.to.as_str().to_owned(),
            user: queued.mail.user.map(hardtack_core::UserId::as_i64),
            queued_at: iso(queued.created_at),
            tries: queued.tries,
            next_try_at: given_up_at.is_none().then(|| iso(queued.next_try_at)),
            given_up_at,
            last_error: queued.last_error.clone(),
        }
    }
}

async fn queue(loaded: &Loaded, terminal: Terminal) -> Result<ExitCode> {
    let store = open_store(loaded)?;
    let (mut mails, mut after) = (Vec::new(), None::<MailId>);
    loop {
        let page = store.list_mail(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        mails.extend(page);
    }
    store.close();
    let views: Vec<MailView> = mails.iter().map(MailView::from).collect();
    if views.is_empty() && !terminal.json {
        terminal.say("every mail was sent", &views)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<[String; 7]> = mails.iter().map(row).collect();
    let heads = ["ID", "MAIL", "TO", "QUEUED", "TRIES", "NEXT", "LAST ERROR"];
    terminal.list(heads, &rows, &views)?;
    Ok(ExitCode::SUCCESS)
}

fn row(queued: &QueuedMail) -> [String; 7] {
    let now = now();
    let next = match queued.given_up_at {
        Some(_) => "given up".to_owned(),
        None if queued.next_try_at <= now => "now".to_owned(),
        None => relative(queued.next_try_at, now),
    };
    [
        queued.id.0.to_string(),
        queued.mail.kind.name().to_owned(),
        queued.mail.to.as_str().to_owned(),
        relative(queued.created_at, now),
        queued.tries.to_string(),
        next,
        queued.last_error.clone().unwrap_or_default(),
    ]
}
