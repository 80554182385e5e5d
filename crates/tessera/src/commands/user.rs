//! `tessera user`

use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use tessera_identity::{Identity, TokenRequest, UserProfile};
use tessera_kernel::{Actor, Source};

use crate::database::DatabaseArguments;
use crate::error::CommandError;
use crate::output::tell;

/// Manages users; in a database file only while no server runs.
#[derive(Debug, Args)]
pub(crate) struct UserCommand {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    database: DatabaseArguments,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Adds a user; asks for the password, unless it is a service account.
    Add {
        /// Login.
        login: String,
        /// Name that people see [default: the login]
        #[arg(long)]
        name: Option<String>,
        /// May do everything.
        #[arg(long)]
        administrator: bool,
        /// Is a program: has tokens only, and can't sign in.
        #[arg(long)]
        service: bool,
    },
    /// Sets a user's password and ends their sessions.
    Password {
        /// Login.
        login: String,
    },
    /// Prints a link by which a user sets their password: once, within a day.
    Reset {
        /// Login.
        login: String,
        /// The address that people use.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
        public_url: String,
    },
    /// Makes an API token and prints it: this once.
    Token {
        /// Login.
        login: String,
        /// What it is for.
        #[arg(long, default_value = "command line")]
        name: String,
        /// Days that it lasts.
        #[arg(long, default_value_t = 90)]
        days: u32,
        /// What it may do at most, like "product:read,create *:read" [default: what the user may]
        #[arg(long)]
        scope: Option<String>,
    },
    /// Lists users.
    List,
    /// Locks a user out and signs them out.
    Lock {
        /// Login.
        login: String,
    },
    /// Lets a user in again who was locked out or guessed too often.
    Unlock {
        /// Login.
        login: String,
    },
    /// Ends all sessions of a user.
    SignOut {
        /// Login.
        login: String,
    },
}

pub(crate) fn run(command: &UserCommand) -> Result<ExitCode, CommandError> {
    let installation = match command.verb {
        Verb::List => command.database.read()?,
        // The first user may come before the first start; all the others are there already.
        Verb::Add { .. } => command.database.create()?,
        _ => command.database.write()?,
    };
    let identity = Identity::new(installation.db().clone());
    match &command.verb {
        Verb::List => list(&identity)?,
        verb => tell(change(&identity, verb)?),
    }
    Ok(ExitCode::SUCCESS)
}

/// Does it, and answers what to tell.
fn change(identity: &Identity, verb: &Verb) -> Result<String, CommandError> {
    let actor = Actor::system(Source::CommandLine);
    Ok(match verb {
        Verb::List => String::new(),
        Verb::Add { login, name, administrator, service } => {
            let name = name.as_ref().unwrap_or(login);
            let profile = UserProfile {
                administrator: *administrator,
                service: *service,
                ..UserProfile::person(login, name)
            };
            if *service {
                identity.add_user_without_password(&actor, profile)?;
            } else {
                identity.add_user(&actor, profile, &password()?)?;
            }
            format!("user {login} was added")
        }
        Verb::Password { login } => {
            identity.set_password(&actor, identity.find(login)?, &password()?)?;
            format!("the password of {login} was set")
        }
        Verb::Reset { login, public_url } => {
            let link = identity.create_reset_link(&actor, identity.find(login)?)?;
            format!("{}/#reset={}", public_url.trim_end_matches('/'), link.secret)
        }
        Verb::Token { login, name, days, scope } => {
            let request = TokenRequest { name: name.clone(), days: *days, scope: scope.clone() };
            identity.create_token(&actor, identity.find(login)?, &request)?.secret
        }
        Verb::Lock { login } => {
            identity.set_active(&actor, identity.find(login)?, false)?;
            format!("user {login} was locked out")
        }
        Verb::Unlock { login } => {
            identity.set_active(&actor, identity.find(login)?, true)?;
            format!("user {login} may sign in again")
        }
        Verb::SignOut { login } => {
            let ended = identity.end_sessions(&actor, identity.find(login)?, None)?;
            format!("{ended} sessions of {login} were ended")
        }
    })
}

fn list(identity: &Identity) -> Result<(), CommandError> {
    for (_, profile) in identity.users()? {
        let role = match (profile.service, profile.administrator) {
            (true, _) => "service",
            (false, true) => "administrator",
            (false, false) => "user",
        };
        let state = if profile.active { "active" } else { "locked" };
        tell(format!("{:<24} {:<14} {:<10} {}", profile.login, role, state, profile.name));
    }
    Ok(())
}

/// The password: asked twice on a terminal, one line of standard input otherwise.
fn password() -> Result<String, CommandError> {
    let unread =
        |error: std::io::Error| CommandError::Input(format!("the password can't be read: {error}"));
    if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password("Password: ").map_err(unread)?;
        let second = rpassword::prompt_password("Once more: ").map_err(unread)?;
        if first != second {
            return Err(CommandError::Input("the passwords differ".into()));
        }
        return Ok(first);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(unread)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_string())
}
