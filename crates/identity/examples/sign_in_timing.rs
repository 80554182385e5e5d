//! Measures whether the time of a refused sign-in tells whether there is such a user:
//! `cargo run --release -p tessera-identity --example sign_in_timing [ROUNDS]`.
//!
//! Wrong passwords for a login that there is and for one that there is not, by turns; prints the
//! median and the mean of each, and how far apart the means are, in standard errors (Welch's t). Below 3 in
//! size they can't be told apart by so many guesses.

use std::sync::Arc;
use std::time::Instant;

use tessera_customizing::{Customizing, Diagnostics};
use tessera_identity::{Device, Identity, UserProfile};
use tessera_kernel::{
    Actor, Cache, Catalogues, Database, Environment, FixedClock, Homes, Numbering, RandomIds,
    Registry, Settings, Source,
};
use tessera_store_sqlite::{Options, SqliteStore};

const START: i64 = 1_800_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rounds: u32 = std::env::args().nth(1).map_or(Ok(500), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let clock = Arc::new(FixedClock::at(moment(0)));
    let identity = open(&folder.path().join("timing.db"), clock.clone())?;
    let system = Actor::system(Source::CommandLine);
    identity.add_user(&system, UserProfile::person("ada", "Ada"), "correct horse battery")?;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        // Far enough apart that nobody has to wait.
        clock.set(moment(i64::from(round + 1) * 90_000));
        for turn in 0..2 {
            let which = ((round + turn) % 2) as usize;
            let started = Instant::now();
            let refused = identity.sign_in(
                ["ada", "eve"][which],
                "correct horse batterz",
                None,
                &Device::default(),
            );
            let took = started.elapsed().as_micros();
            if !matches!(refused, Err(tessera_identity::IdentityError::WrongCredentials)) {
                return Err(format!("round {round}: {refused:?}").into());
            }
            times[which].push(u32::try_from(took)?);
        }
    }
    for (name, times) in ["a user", "nobody"].iter().zip(&mut times) {
        times.sort_unstable();
        let (mean, _) = moments(times);
        println!("{name:>7}: median {} us, mean {mean:.0} us", times[times.len() / 2]);
    }
    let (apart, errors) = difference(&times);
    println!("difference of the means: {apart:.0} us, t = {errors:.2}");
    Ok(())
}

fn moment(seconds: i64) -> tessera_kernel::Instant {
    tessera_kernel::Instant::from_micros((START + seconds) * 1_000_000)
}

/// How far apart the means are, and how many standard errors that is.
#[expect(clippy::float_arithmetic, reason = "times are measured, not booked")]
fn difference(times: &[Vec<u32>; 2]) -> (f64, f64) {
    let ((one, first), (two, second)) = (moments(&times[0]), moments(&times[1]));
    (one - two, (one - two) / (first + second).sqrt())
}

/// Mean, and square of its standard error.
#[expect(clippy::float_arithmetic, reason = "times are measured, not booked")]
fn moments(times: &[u32]) -> (f64, f64) {
    let count = f64::from(u32::try_from(times.len()).unwrap_or(u32::MAX));
    let mean = times.iter().map(|time| f64::from(*time)).sum::<f64>() / count;
    let squares: f64 = times.iter().map(|time| (f64::from(*time) - mean).powi(2)).sum();
    (mean, squares / (count - 1.0) / count)
}

fn open(
    file: &std::path::Path,
    clock: Arc<FixedClock>,
) -> Result<Identity, Box<dyn std::error::Error>> {
    let mut problems = Diagnostics::default();
    let shipped = Customizing::load(&[tessera_identity::CONFIG], None, &mut problems);
    let mut settings = Settings::default();
    settings.insert(tessera_identity::settings(&shipped, &mut problems));
    let environment = Environment {
        registry: Registry::new(vec![tessera_identity::module()]),
        clock,
        ids: Arc::new(RandomIds::system()),
        homes: Homes::default(),
        settings,
        catalogues: Catalogues::default(),
        numbering: Numbering::default(),
        cache: Cache::default(),
        extensions: tessera_kernel::CurrentExtensions::default(),
    };
    let store = SqliteStore::open(file, Options::creating())?;
    Ok(Identity::new(Database::open(Arc::new(store), environment)?))
}
