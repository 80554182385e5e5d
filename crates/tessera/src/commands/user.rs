//! `tessera user`

use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use tessera_identity::{Identity, UserProfile};
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
    /// Adds a user; asks for the password.
    Add {
        /// Login.
        login: String,
        /// Name that people see [default: the login]
        #[arg(long)]
        name: Option<String>,
        /// May do everything.
        #[arg(long)]
        administrator: bool,
    },
    /// Sets a user's password and ends their sessions.
    Password {
        /// Login.
        login: String,
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
    },
    /// Lists users.
    List,
    /// Deactivates a user and signs them out.
    Deactivate {
        /// Login.
        login: String,
    },
}

pub(crate) fn run(command: &UserCommand) -> Result<ExitCode, CommandError> {
    let actor = Actor::system(Source::CommandLine);
    let installation = match command.verb {
        Verb::List => command.database.read()?,
        // The first user may come before the first start; all the others are there already.
        Verb::Add { .. } => command.database.create()?,
        _ => command.database.write()?,
    };
    let identity = Identity::new(installation.db().clone());
    match &command.verb {
        Verb::Add { login, name, administrator } => {
            let profile = UserProfile {
                login: login.clone(),
                name: name.clone().unwrap_or_else(|| login.clone()),
                administrator: *administrator,
                active: true,
            };
            identity.add_user(&actor, profile, &password()?)?;
            tell(format!("user {login} was added"));
        }
        Verb::Password { login } => {
            identity.set_password(&actor, identity.find(login)?, &password()?)?;
            tell(format!("the password of {login} was set"));
        }
        Verb::Token { login, name, days } => {
            let token = identity.create_token(&actor, identity.find(login)?, name, *days)?;
            tell(token.secret);
        }
        Verb::List => list(&identity)?,
        Verb::Deactivate { login } => {
            identity.deactivate(&actor, identity.find(login)?)?;
            tell(format!("user {login} was deactivated"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(identity: &Identity) -> Result<(), CommandError> {
    for (_, profile) in identity.users()? {
        let role = if profile.administrator { "administrator" } else { "user" };
        let state = if profile.active { "active" } else { "not active" };
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
