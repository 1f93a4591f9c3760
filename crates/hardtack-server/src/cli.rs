//! The command line: what can be typed.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use hardtack_core::SessionId;
use reqwest::Url;

/// Hardened cookie sessions for single-page apps.
///
/// Keeps a short-lived access token and a rotating refresh token in cookies that no script can read.
/// Commands work on the data of a running server without stopping it; the server notices within two seconds.
#[derive(Debug, Parser)]
#[command(
    name = "hardtack",
    version,
    max_term_width = 100,
    propagate_version = true
)]
#[command(after_help = "Examples:
  hardtack serve --dev                      try it on this machine, with a demo page and a user
  hardtack user add ada --email ada@example.com
  hardtack config reference                 everything that can be set

Exit codes: 0 done, 1 failed, 2 not understood.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const GLOBAL: &str = "Options of every command";

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The configuration file [default: hardtack.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL)]
    pub(crate) config: Option<PathBuf>,
    /// Where the database and the keys are [default: hardtack-data]
    #[arg(long, global = true, value_name = "DIRECTORY", help_heading = GLOBAL)]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print JSON, for programs
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the service
    #[command(after_help = "Examples:
  hardtack serve --dev
  HARDTACK__SERVER__PUBLIC_URL=https://app.example.com hardtack serve --listen 127.0.0.1:8000

The server speaks plain HTTP behind whatever ends TLS, or HTTPS itself (server.tls_cert). SIGTERM and SIGINT let requests under way
end (server.shutdown_timeout), then write what is left and exit with 0.")]
    Serve(Serve),
    /// Add, list and change users
    #[command(subcommand, after_help = USER_HELP)]
    User(User),
    /// List and end sessions
    #[command(subcommand)]
    Session(Session),
    /// List, change and export the keys that tokens are signed with
    #[command(subcommand)]
    Key(Key),
    /// Find out what happened
    #[command(subcommand)]
    Audit(Audit),
    /// Try how mails leave the house, and see which have not
    #[command(subcommand)]
    Mail(Mail),
    /// Bring the database up to this release; `serve` does so by itself
    Migrate,
    /// Check, show and explain the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask a running server whether it can do its work; exits with 1 if not
    #[command(after_help = "Examples:
  hardtack health http://127.0.0.1:8000            asks /readyz
  hardtack health http://127.0.0.1:8000/healthz    asks exactly that")]
    Health {
        /// The server, with or without a path
        url: String,
    },
    /// Ask a running deployment what a browser would meet, and say how to mend what is wrong
    #[command(after_help = "Examples:
  hardtack doctor https://app.example.com
  hardtack doctor https://api.example.com --origin https://app.example.com
  hardtack doctor --config /etc/hardtack/hardtack.toml       asks server.public_url

Logs nobody in. Uses up, for a minute, what this machine's address may be refused.
Exits with 0 if nothing is wrong, 1 if something is, 2 if nobody there can be asked.")]
    Doctor(Doctor),
    /// Print the completions of this command line, for a shell to read
    #[command(after_help = COMPLETIONS_HELP)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual pages: one for each command, and hardtack.toml(5)
    #[command(after_help = "Examples:
  hardtack man /usr/local/share/man                for everybody here
  hardtack man ~/.local/share/man                  for yourself; then: man hardtack-serve")]
    Man {
        /// Where man1 and man5 are, or will be made
        #[arg(value_name = "DIRECTORY")]
        directory: PathBuf,
    },
}

const COMPLETIONS_HELP: &str = "Examples:
  hardtack completions bash > ~/.local/share/bash-completion/completions/hardtack
  hardtack completions zsh  > ~/.zfunc/_hardtack     with ~/.zfunc in $fpath
  hardtack completions fish > ~/.config/fish/completions/hardtack.fish

What comes with a package is installed already.";

const USER_HELP: &str =
    "USER is a user name, an e-mail address, or `id:` and a number, as in id:12.

Examples:
  hardtack user add ada --email ada@example.com
  printf %s \"$PASSWORD\" | hardtack user add ada --password-stdin
  hardtack user invite grace@example.com
  hardtack user disable ada@example.com
  hardtack user delete id:12 --yes";

const IMPORT_HELP: &str = "Fields: id, username, email, first_name, last_name, password, is_active, date_joined, last_login,
email_verified. Only username and password must be there. A password is a hash as Django keeps it
(pbkdf2_sha256$, argon2$, bcrypt_sha256$, bcrypt$, scrypt$), a PHC string of Argon2 or a bcrypt string;
empty or !… is none. It is made anew, as Argon2id, when its user logs in.

Examples:
  manage.py dumpdata auth.user > users.json
  hardtack user import users.json --dry-run
  hardtack user import users.json --report refused.txt
  psql -c '\\copy auth_user to stdout csv header' | hardtack user import - --format csv

Running it again is harmless: who is there already, with the same number and name, is left alone.
Exits with 1 if anybody was refused; the others are taken in.";

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Where browsers reach it, with the path of the routes or without [default: `server.public_url`]
    pub(crate) url: Option<Url>,
    /// A front-end's origin, as often as there are such [default: `cors.allowed_origins`]
    #[arg(long = "origin", value_name = "ORIGIN")]
    pub(crate) origins: Vec<String>,
    /// Where the routes are [default: `routes.base_path`]
    #[arg(long, value_name = "PATH")]
    pub(crate) base_path: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes any free one and prints it
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Try it on this machine: cookies without Secure, loopback origins trusted, a demo page at /,
    /// and a user `demo` whose password is printed. Refused on any address but loopback
    #[arg(long)]
    pub(crate) dev: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A CSV or JSON file, or `-` for standard input
    pub(crate) file: PathBuf,
    /// What the file is [default: what it is called]
    #[arg(long)]
    pub(crate) format: Option<ImportFormat>,
    /// Write nothing; say what would happen
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Users who are there already become what the file says, with the file's password, and their
    /// sessions end. Without this they are left alone
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Where to write who was refused and why, one a line, or JSON with --json
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ImportFormat {
    /// The first line names the columns
    Csv,
    /// An array of objects, JSON Lines, or Django's dumpdata
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a user; asks for the password
    Add {
        /// The user name: letters, digits and @ . + - _
        name: String,
        /// The e-mail address
        #[arg(long, default_value = "", hide_default_value = true)]
        email: String,
        /// The first name
        #[arg(long, default_value = "", hide_default_value = true)]
        first_name: String,
        /// The last name
        #[arg(long, default_value = "", hide_default_value = true)]
        last_name: String,
        /// Read the password from the first line of standard input instead of asking
        #[arg(long)]
        password_stdin: bool,
    },
    /// Invite somebody to register, by mail, or with a link to hand over
    Invite {
        /// Where the invitation goes; without it the link is printed
        email: Option<String>,
        /// The language of the mail: en, es, fa or zh
        #[arg(long, requires = "email")]
        language: Option<String>,
    },
    /// Take in users from another system, with their numbers and passwords
    #[command(after_help = IMPORT_HELP)]
    Import(Import),
    /// List all users
    List,
    /// Show one user
    Show {
        /// A name, an address, or id:NUMBER
        user: String,
    },
    /// Give a user a new password and end all their sessions
    SetPassword {
        /// A name, an address, or id:NUMBER
        user: String,
        /// Read the password from the first line of standard input instead of asking
        #[arg(long)]
        password_stdin: bool,
    },
    /// Switch a user off and end all their sessions; everything else is kept
    Disable {
        /// A name, an address, or id:NUMBER
        user: String,
    },
    /// Switch a user on again
    Enable {
        /// A name, an address, or id:NUMBER
        user: String,
    },
    /// Delete a user and end all their sessions; asks first
    Delete {
        /// A name, an address, or id:NUMBER
        user: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Session {
    /// List the live sessions of a user
    List {
        /// A name, an address, or id:NUMBER
        user: String,
    },
    /// End one session, or all of a user
    #[command(after_help = "Examples:
  hardtack session revoke q83vEjRWeJCrze8SNFZ4kA
  hardtack session revoke --user ada")]
    Revoke {
        /// The session, as `session list` shows it
        // Every 64th of them starts with a dash.
        #[arg(
            value_name = "SESSION",
            required_unless_present = "user",
            allow_hyphen_values = true
        )]
        session: Option<SessionId>,
        /// All sessions of this user: a name, an address, or id:NUMBER
        #[arg(long, conflicts_with = "session")]
        user: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// List the keys and what they do
    List,
    /// Make a new key; it signs after 300 s, when every verifier has seen it
    Rotate {
        /// Sign with it at once: for emergencies, because verifiers refuse its tokens until they
        /// fetch the keys again
        #[arg(long)]
        now: bool,
    },
    /// Stop believing a key at once: every token it signed is refused
    Retire {
        /// The key, as `key list` shows it
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
    /// Print the public keys as a JWK set, or one private key as PEM
    Export {
        /// The private key of this kid, which is as good as every user's password
        #[arg(long, value_name = "KID", allow_hyphen_values = true)]
        private: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// List logins, refusals, ended sessions, new passwords: who, from where, why; oldest first
    #[command(after_help = "Examples:
  hardtack audit list                                the last 24 hours
  hardtack audit list --user ada --since 30d         what concerns one user
  hardtack audit list --since 2026-11-22T03:04:05Z --json

Times are UTC. An entry is there a second after the event, and for audit.kept_for. A server that is
killed or loses power takes the last second's entries with it; the log has had them before.")]
    List {
        /// Only what concerns this user: a name, an address, or id:NUMBER, which works for users
        /// who were deleted too
        #[arg(long)]
        user: Option<String>,
        /// Only what happened since: 90s, 24h, 30d ago, or a time as in 2026-11-22T03:04:05Z
        #[arg(long, value_name = "AGE or TIME", default_value = "24h")]
        since: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Mail {
    /// Send a test mail now, past the queue, and say what became of it
    #[command(after_help = "Examples:
  hardtack mail test ada@example.com
  hardtack mail test ada@example.com --language fa

It goes the way that mail.transport names, with the same templates as every other mail.")]
    Test {
        /// Where to
        #[arg(value_name = "ADDRESS")]
        address: String,
        /// In which language: en, es, fa or zh
        #[arg(long, default_value = "en")]
        language: String,
    },
    /// List the mails that are not sent yet, and those of the last seven days that were given up
    #[command(after_help = "What is in a mail is not kept: links are made when it is sent.")]
    Queue,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say whether a server would start with this configuration
    Check {
        /// By the rules of `serve --dev`
        #[arg(long)]
        dev: bool,
    },
    /// Print every value in force and who set it
    Show,
    /// Explain every key
    Reference {
        /// As the page docs/configuration.md
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
    },
}

/// Whether `--json` was asked for on a command line that cannot be understood otherwise.
pub(crate) fn wants_json(mut arguments: impl Iterator<Item = OsString>) -> bool {
    // Behind `--` everything is a value.
    arguments
        .by_ref()
        .take_while(|argument| argument != "--")
        .any(|argument| argument == "--json")
}

/// What was not understood, without the usage that stands below it for people.
pub(crate) fn reason(error: &clap::Error) -> String {
    if matches!(
        error.kind(),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        return "a command is wanted; `--help` lists them".to_owned();
    }
    let text = error.render().to_string();
    let reason = text.split("\n\nUsage:").next().unwrap_or_default();
    let words: Vec<&str> = reason.split_whitespace().collect();
    let reason = words.join(" ");
    reason.strip_prefix("error: ").unwrap_or(&reason).to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_does_not_contradict_itself() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_session_that_starts_with_a_dash_is_no_flag() {
        let id = "-_________________-8QA".replace("-8QA", "AAAA");
        let parsed = Cli::try_parse_from(["hardtack", "session", "revoke", &id]).unwrap();
        let Command::Session(Session::Revoke {
            session: Some(session),
            user: None,
        }) = parsed.command
        else {
            panic!("{parsed:?}");
        };
        assert_eq!(session.to_string(), id);
        let parsed =
            Cli::try_parse_from(["hardtack", "session", "revoke", "--user", "ada"]).unwrap();
        assert!(matches!(
            parsed.command,
            Command::Session(Session::Revoke {
                session: None,
                user: Some(_)
            })
        ));
        assert!(Cli::try_parse_from(["hardtack", "session", "revoke"]).is_err());
        assert!(Cli::try_parse_from(["hardtack", "session", "revoke", "--all"]).is_err());
    }
}
