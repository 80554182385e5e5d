//! `tessera demo`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tessera_demo::{Plan, Summary, build, is_demo, write_customizing};
use tessera_identity::{Identity, IdentityError, UserProfile};
use tessera_installation::{Installation, InstallationError, Location, Options};
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
    /// The database: sqlite:PATH, or postgres://USER:PASSWORD@HOST:PORT/DATABASE with --config.
    #[arg(long, value_name = "URL", default_value = "sqlite:demo.db")]
    db: String,
    /// Folder that its customizing is written to [default: beside the database file]
    #[arg(long, value_name = "FOLDER")]
    config: Option<PathBuf>,
    /// Makes it anew, and replaces whatever database file is there.
    #[arg(long)]
    force: bool,
    /// The day that counts as today, as 2026-05-31 [default: today]
    #[arg(long, value_name = "DATE")]
    today: Option<String>,
}

/// Where the company is, or will be.
struct Place {
    location: Location,
    customizing: PathBuf,
    url: String,
}

impl Place {
    fn of(command: &Demo) -> Result<Self, CommandError> {
        let location: Location = command.db.parse()?;
        let beside = || location.config_folder();
        let customizing = command.config.clone().or_else(beside).ok_or_else(|| {
            CommandError::Input(format!(
                "{location}: a server has no folder for customizing beside it: name one, \
                 --config demo.config"
            ))
        })?;
        Ok(Self { location, customizing, url: command.db.clone() })
    }

    fn open(&self) -> Result<Installation, InstallationError> {
        // What is there may be no demo company, and have no such folder.
        let folder = Some(self.customizing.clone()).filter(|folder| folder.is_dir());
        Installation::open(Options::writing(&self.url).config_folder(folder))
    }

    /// How the company is served.
    fn serve(&self) -> String {
        let config = match &self.location {
            Location::Sqlite(_) => String::new(),
            Location::Postgres(_) => format!(" --config {}", self.customizing.display()),
        };
        format!("tessera serve --db {}{config}", self.location)
    }
}

pub(crate) fn run(command: &Demo) -> Result<ExitCode, CommandError> {
    let place = Place::of(command)?;
    match place.location.clone() {
        Location::Sqlite(path) if !path.exists() || command.force => {
            tell(make_file(command, &place, &path)?);
            sign_in(&place.open()?, &place)
        }
        Location::Sqlite(_) => again(&place.open()?, &place, "--force replaces it with one"),
        Location::Postgres(_) if command.force => Err(CommandError::Input(format!(
            "{}: --force replaces files only: make an empty database with `dropdb` and `createdb`",
            place.location
        ))),
        Location::Postgres(_) => match place.open() {
            Ok(installation) => {
                again(&installation, &place, "make an empty database with `createdb`")
            }
            Err(InstallationError::NoDatabase(_)) => {
                tell(make(&place, &place.url, &plan(command)?)?);
                sign_in(&place.open()?, &place)
            }
            Err(error) => Err(error.into()),
        },
    }
}

/// A new password for a company that is there.
fn again(
    installation: &Installation,
    place: &Place,
    way_out: &str,
) -> Result<ExitCode, CommandError> {
    let location = &place.location;
    if !is_demo(installation.db()) {
        return Err(CommandError::Input(format!("{location} is no demo company: {way_out}")));
    }
    // A file is there when it is complete; on a server the administrator comes last.
    let administrator = Identity::new(installation.db().clone()).find(LOGIN);
    if location.path().is_none() && matches!(administrator, Err(IdentityError::NoUser(_))) {
        let unfinished = format!("{location} is a demo company that was not finished: {way_out}");
        return Err(CommandError::Input(unfinished));
    }
    tell(format!("{location} is there already"));
    sign_in(installation, place)
}

fn plan(command: &Demo) -> Result<Plan, CommandError> {
    Ok(Plan::two_years(match &command.today {
        Some(text) => parse_date(text)
            .map_err(|error| CommandError::Input(format!("--today {text}: {error}")))?,
        None => SystemClock.now().date_in(&Zone::UTC),
    }))
}

/// Makes the company in a database where nothing is.
fn make(place: &Place, url: &str, plan: &Plan) -> Result<Summary, CommandError> {
    write_customizing(&place.customizing)?;
    let clock = Arc::new(FixedClock::at(Instant::from_micros(0)));
    let mut options = Options::creating(url).config_folder(Some(place.customizing.clone()));
    options.clock = clock.clone();
    options.ids = Arc::new(RandomIds::seeded(1));
    options.engine.sync = false;
    let installation = Installation::open(options)?;
    let bar = progress::steps(0, "days");
    let summary = build(installation.db(), &clock, plan, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    Ok(summary)
}

/// Makes the company beside the place of its file and moves it there when it is complete.
fn make_file(command: &Demo, place: &Place, path: &Path) -> Result<Summary, CommandError> {
    let plan = plan(command)?;
    let unfinished = path.with_extension("unfinished");
    remove(&unfinished)?;
    let summary = make(place, &format!("sqlite:{}", unfinished.display()), &plan)?;
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
fn sign_in(installation: &Installation, place: &Place) -> Result<ExitCode, CommandError> {
    let identity = Identity::new(installation.db().clone());
    let actor = Actor::system(Source::CommandLine);
    let password = password()?;
    match identity.find(LOGIN) {
        Ok(user) => identity.set_password(&actor, user, &password)?,
        Err(IdentityError::NoUser(_)) => {
            let (login, name) = (LOGIN.to_string(), "Administrator".to_string());
            let profile = UserProfile::administrator(&login, &name);
            identity.add_user(&actor, profile, &password)?;
        }
        Err(error) => return Err(error.into()),
    }
    tell(format!("Sign in as {LOGIN} with the password {password} (it is not shown again),"));
    tell(format!("after `{}`, at the address that it tells.", place.serve()));
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
