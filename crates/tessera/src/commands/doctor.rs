//! `tessera doctor`

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use tessera_events::{dead_letters, lag};
use tessera_installation::{Installation, InstallationError};
use tessera_kernel::{
    Actor, Clock as _, Direction, Fault, Instant, OUTBOX, Select, Source, SystemClock, Tx,
};

use crate::database::DatabaseArguments;
use crate::error::CommandError;
use crate::output::tell;

/// Looks for what is wrong or soon will be, and says what to do.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    database: DatabaseArguments,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Ok,
    Warning,
    Failure,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }
}

struct Finding {
    subject: &'static str,
    level: Level,
    text: String,
}

#[derive(Default)]
struct Report(Vec<Finding>);

impl Report {
    fn note(&mut self, subject: &'static str, level: Level, text: impl Into<String>) {
        self.0.push(Finding { subject, level, text: text.into() });
    }

    fn worst(&self) -> Level {
        self.0.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
    }
}

/// Free space below which there is a warning, and a failure.
const LITTLE: u64 = 2 * 1024 * 1024 * 1024;
const TOO_LITTLE: u64 = 200 * 1024 * 1024;
/// A write-ahead log beyond this is not being moved into the database.
const LONG_LOG: u64 = 1024 * 1024 * 1024;
/// Events that a queue may be behind.
const BEHIND: i64 = 10_000;

pub(crate) fn run(command: &Doctor) -> Result<ExitCode, CommandError> {
    let location = command.database.location()?;
    let mut report = Report::default();
    if let Some(file) = location.path() {
        check_disk(file, &mut report);
        check_lock(file, &mut report);
    }
    match command.database.read() {
        Ok(installation) => check_installation(&installation, &mut report)?,
        Err(InstallationError::Customizing(problems)) => {
            let text = format!("correct it, then run `tessera config check`:\n{problems}");
            report.note("customizing", Level::Failure, text);
        }
        Err(error @ InstallationError::Store(_)) => {
            let hint = "`tessera serve` brings an older database up to date; a broken one comes \
                        back by `tessera restore`";
            report.note("database", Level::Failure, format!("{error}; {hint}"));
        }
        Err(error) => report.note("database", Level::Failure, error.to_string()),
    }
    print(&report, command.json);
    Ok(if report.worst() == Level::Failure { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn print(report: &Report, as_json: bool) {
    if as_json {
        let findings: Vec<Value> = report
            .0
            .iter()
            .map(|f| json!({ "subject": f.subject, "level": f.level.name(), "text": f.text }))
            .collect();
        tell(json!({ "level": report.worst().name(), "findings": findings }));
        return;
    }
    for finding in &report.0 {
        tell(format!("{:<8} {:<12} {}", finding.level.name(), finding.subject, finding.text));
    }
}

/// Bytes for people, exact to a mebibyte.
fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes / 1024 / 1024)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

fn check_disk(database: &Path, report: &mut Report) {
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
    let free = match rustix::fs::statvfs(folder.unwrap_or(Path::new("."))) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            return report.note("disk", Level::Failure, format!("can't be looked at: {error}"));
        }
    };
    let (level, hint) = match free {
        _ if free < TOO_LITTLE => (Level::Failure, ": make room now, writes are about to fail"),
        _ if free < LITTLE => (Level::Warning, ": make room soon"),
        _ => (Level::Ok, ""),
    };
    report.note("disk", level, format!("{} free{hint}", mebibytes(free)));
    let log = std::fs::metadata(with_suffix(database, "-wal")).map_or(0, |file| file.len());
    if log > LONG_LOG {
        let text = format!(
            "the write-ahead log has {}: some reader holds it up; restart the server",
            mebibytes(log)
        );
        report.note("log", Level::Warning, text);
    }
}

/// The lock belongs to a process, never to a file that stayed behind: a file without a process is
/// harmless.
fn check_lock(database: &Path, report: &mut Report) {
    let path = with_suffix(database, ".lock");
    let Ok(file) = File::open(&path) else {
        return report.note("lock", Level::Ok, "nobody writes to the database");
    };
    match file.try_lock_shared() {
        Ok(()) => report.note("lock", Level::Ok, "nobody writes to the database"),
        Err(TryLockError::WouldBlock) => {
            let owner = std::fs::read_to_string(&path).unwrap_or_default();
            report.note("lock", Level::Ok, format!("process {} serves it", owner.trim()));
        }
        Err(TryLockError::Error(error)) => {
            report.note("lock", Level::Warning, format!("{}: {error}", path.display()));
        }
    }
}

fn check_installation(
    installation: &Installation,
    report: &mut Report,
) -> Result<(), CommandError> {
    let db = installation.db();
    let place = installation
        .config_folder()
        .map_or("as shipped".to_string(), |folder| format!("with {}", folder.display()));
    report.note("customizing", Level::Ok, place);
    let size = mebibytes(db.store().size()?);
    match db.store().check()?.as_slice() {
        [] => report.note("database", Level::Ok, format!("whole, {size}")),
        broken => {
            let text = format!("broken, restore a backup: {}", broken.join("; "));
            report.note("database", Level::Failure, text);
        }
    }
    let actor = Actor::system(Source::CommandLine);
    db.read(&actor, |tx| {
        check_clock(tx, report)?;
        check_events(tx, report)
    })?;
    Ok(())
}

fn check_clock(tx: &mut Tx<'_>, report: &mut Report) -> Result<(), Fault> {
    let query = Select::from(&OUTBOX, &[1]).order_by(0, Direction::Descending).limit(1);
    let mut newest = None;
    tx.select(&query, &mut |row| {
        newest = row.instant()?.map(Instant::from_micros);
        Ok(())
    })?;
    let now = SystemClock.now();
    match newest {
        Some(newest) if newest > now.plus_seconds(60) => {
            let text = format!(
                "it is {now}, but the newest event is of {newest}: set the machine's clock"
            );
            report.note("clock", Level::Failure, text);
        }
        _ => report.note("clock", Level::Ok, now.to_string()),
    }
    Ok(())
}

fn check_events(tx: &mut Tx<'_>, report: &mut Report) -> Result<(), Fault> {
    let lags = lag(tx)?;
    let behind: Vec<String> = lags
        .iter()
        .filter(|queue| queue.behind > BEHIND || queue.failures > 2)
        .map(|queue| {
            format!("{} ({} events, {} failures)", queue.queue, queue.behind, queue.failures)
        })
        .collect();
    if behind.is_empty() {
        report.note("events", Level::Ok, format!("{} queues, none far behind", lags.len()));
    } else {
        let hint = "look at the receiver, and at the server's log";
        report.note("events", Level::Warning, format!("behind: {}; {hint}", behind.join(", ")));
    }
    let letters = dead_letters(tx, None)?;
    match letters.last() {
        None => report.note("dead letters", Level::Ok, "none"),
        Some(last) => {
            let text = format!(
                "{}, the last of {}: {}; POST /api/v1/webhook/{{id}}/replay sends those of a \
                 webhook again",
                letters.len(),
                last.queue,
                last.error
            );
            report.note("dead letters", Level::Warning, text);
        }
    }
    Ok(())
}
