//! `tessera demo`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tessera_demo::{Plan, Summary, build, is_demo, write_customizing};
use tessera_identity::{Identity, IdentityError, UserProfile};
use tessera_installation::{Installation, Location, Options};
use tessera_kernel::{
    Actor, Clock as _, FixedClock, Instant, RandomIds, Source, SystemClock, Zone, parse_date,
};

use crate::error::CommandError;
use crate::output::tell;
use crate::progress;

/// Who signs in to the demo company.
const LOGIN: &str = "admin";

/// Makes a demo company with two years of documents, or a new password for one that is there.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The database.
    #[arg(long, value_name = "URL", default_value = "sqlite:demo.db")]
    db: String,
    /// Makes it anew, and replaces whatever database is there.
    #[arg(long)]
    force: bool,
    /// The day that counts as today, as 2026-05-31 [default: today]
    #[arg(long, value_name = "DATE")]
    today: Option<String>,
}

pub(crate) fn run(command: &Demo) -> Result<ExitCode, CommandError> {
    let location: Location = command.db.parse()?;
    let path = location.path();
    if path.exists() && !command.force {
        let installation = Installation::open(Options::writing(&command.db))?;
        if !is_demo(installation.db()) {
            return Err(CommandError::Input(format!(
                "{} is no demo company: --force replaces it with one",
                path.display()
            )));
        }
        tell(format!("{} is there already", path.display()));
        return sign_in(&installation, &command.db);
    }
    let summary = make(command, &location)?;
    tell(summary);
    sign_in(&Installation::open(Options::writing(&command.db))?, &command.db)
}

/// Makes the company beside the place of its database and moves it there when it is complete.
fn make(command: &Demo, location: &Location) -> Result<Summary, CommandError> {
    let plan = Plan::two_years(match &command.today {
        Some(text) => parse_date(text)
            .map_err(|error| CommandError::Input(format!("--today {text}: {error}")))?,
        None => SystemClock.now().date_in(&Zone::UTC),
    });
    let path = location.path();
    let unfinished = path.with_extension("unfinished");
    remove(&unfinished)?;
    write_customizing(&location.config_folder())?;
    let clock = Arc::new(FixedClock::at(Instant::from_micros(0)));
    let mut options = Options::creating(&format!("sqlite:{}", unfinished.display()))
        .config_folder(Some(location.config_folder()));
    options.clock = clock.clone();
    options.ids = Arc::new(RandomIds::seeded(1));
    options.engine.sync = false;
    let installation = Installation::open(options)?;
    let bar = progress::steps(0, "days");
    let summary = build(installation.db(), &clock, &plan, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    drop(installation);
    let failed = || CommandError::file(path);
    std::fs::File::open(&unfinished).and_then(|file| file.sync_all()).map_err(failed())?;
    remove(path)?;
    std::fs::rename(&unfinished, path).map_err(failed())?;
    remove(&unfinished)?;
    Ok(summary)
}

/// Removes a database with the files beside it.
fn remove(path: &Path) -> Result<(), CommandError> {
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let mut name = path.as_os_str().to_os_string();
        name.push(suffix);
        let file = PathBuf::from(name);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(CommandError::file(&file)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Gives the administrator a new password and tells it, this once.
fn sign_in(installation: &Installation, url: &str) -> Result<ExitCode, CommandError> {
    let identity = Identity::new(installation.db().clone());
    let actor = Actor::system(Source::CommandLine);
    let password = password()?;
    match identity.find(LOGIN) {
        Ok(user) => identity.set_password(&actor, user, &password)?,
        Err(IdentityError::NoUser(_)) => {
            let (login, name) = (LOGIN.to_string(), "Administrator".to_string());
            let profile = UserProfile { login, name, administrator: true, active: true };
            identity.add_user(&actor, profile, &password)?;
        }
        Err(error) => return Err(error.into()),
    }
    tell(format!("Sign in as {LOGIN} with the password {password} (it is not shown again),"));
    tell(format!("after `tessera serve --db {url}`, at the address that it tells."));
    Ok(ExitCode::SUCCESS)
}

/// Five groups of four letters and digits that are not mistaken for each other: 100 random bits.
fn password() -> Result<String, CommandError> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).map_err(|error| {
        CommandError::Input(format!("the system has no random source: {error}"))
    })?;
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte & 31)]);
    let groups = bytes.chunks(4).map(|group| group.iter().map(letter).collect::<String>());
    Ok(groups.collect::<Vec<_>>().join("-"))
}
