//! Clocks that jump: the server runs under libfaketime, which takes the time from a file.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use tessera_kernel::{Clock as _, Instant, SystemClock};

use crate::call::Answer;
use crate::database::Database;
use crate::database_file::{DatabaseFile, Template};
use crate::dice::Dice;
use crate::fault::Fault;
use crate::front::Witness;
use crate::preload::library;
use crate::server::tessera;
use crate::site::Site;

/// Hours that a clock goes ahead at most: answers are kept under their keys for a day.
const AHEAD: i64 = 20;
/// Hours that it goes back at most.
const BACK: i64 = 72;

/// A clock that servers take the time from, and that can be set.
pub(crate) struct Clock {
    library: PathBuf,
    folder: TempDir,
}

impl Clock {
    /// Makes one that is right.
    ///
    /// # Errors
    ///
    /// Where libfaketime is not installed.
    pub(crate) fn make() -> Result<Self, String> {
        let library = library("faketime/libfaketimeMT.so.1", "libfaketime")?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let clock = Self { library, folder };
        clock.set(0);
        Ok(clock)
    }

    fn setting(&self) -> PathBuf {
        self.folder.path().join("offset")
    }

    /// Sets it to so many seconds ahead of the machine's.
    fn set(&self, seconds: i64) {
        let new = self.folder.path().join("new");
        std::fs::write(&new, format!("{seconds:+}\n")).unwrap();
        // At once, so that nobody reads half a number.
        std::fs::rename(new, self.setting()).unwrap();
    }

    /// The program with this clock.
    pub(crate) fn program(&self) -> Command {
        let mut command = tessera();
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", self.setting())
            .env("FAKETIME_NO_CACHE", "1")
            // Only what people set jumps: the time since the machine was started does not.
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command
    }
}

/// A database whose servers have a clock that can be set.
pub(crate) trait HasClock: Database {
    fn clock(&self) -> &Clock;
}

/// A database file whose server has such a clock.
pub(crate) struct FileWithClock {
    file: DatabaseFile,
    clock: Clock,
}

impl FileWithClock {
    /// Makes both.
    ///
    /// # Errors
    ///
    /// As [`Clock::make`].
    pub(crate) fn copy_of(template: &Template) -> Result<Self, String> {
        Ok(Self { file: DatabaseFile::copy_of(template), clock: Clock::make()? })
    }
}

impl Database for FileWithClock {
    fn url(&self) -> String {
        self.file.url()
    }

    fn witness(&self) -> Option<Witness> {
        self.file.witness()
    }

    fn program(&self) -> Command {
        self.clock.program()
    }
}

impl HasClock for FileWithClock {
    fn clock(&self) -> &Clock {
        &self.clock
    }
}

/// Sets the clock of a server, and in the end right again.
pub(crate) struct ClockJumps;

impl<D: HasClock> Fault<D> for ClockJumps {
    fn name(&self) -> &'static str {
        "clock jumps"
    }

    fn strike(&self, site: &mut Site<D>, dice: &mut Dice) -> bool {
        let mut has_jumped = false;
        for _ in 0..dice.u8(1..=3) {
            let offset = dice.i64(-BACK * 3600..AHEAD * 3600);
            site.database.clock().set(offset);
            let heard = site.front.heard();
            let goes_on = site.attend_until(|site| site.front.heard() >= heard + 4);
            if !goes_on {
                site.front.complain(format!("nobody works when the clock is {offset} s ahead"));
            }
            has_jumped |= site.front.latest_change().is_some_and(|at| is_near(at, offset));
            if dice.u8(..4) == 0 {
                site.kill_all();
            }
            site.attend_for(Duration::from_millis(dice.u64(..50)));
        }
        site.database.clock().set(0);
        has_jumped
    }

    /// As the calendar has it, nothing is delivered before it is promised, and nothing billed before
    /// it was ordered and went out.
    fn is_rightly_refused(&self, answer: &Answer) -> bool {
        let body = answer.json();
        let is_date = |error: &serde_json::Value| {
            error["path"].as_str().is_some_and(|path| path.ends_with("_date"))
        };
        let dates =
            body["errors"].as_array().is_some_and(|e| !e.is_empty() && e.iter().all(is_date));
        (answer.status == 422 && dates) || body["type"] == "/problems/delivery.nothing_open"
    }
}

/// Whether this is the machine's time and so many seconds, give or take a few.
fn is_near(time: Instant, offset: i64) -> bool {
    let expected = SystemClock.now().plus_seconds(offset);
    time.as_micros().abs_diff(expected.as_micros()) < 10_000_000
}
