//! Simulation: many users send random commands to one installation whose store fails, whose process
//! dies and whose clock jumps. Everything is drawn from a seed, so that what failed once fails again.

mod chaos;
mod checks;
mod listener;
mod run;
mod story;

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use run::{Outcome, Run};
use story::{Move, story};

/// Plays exactly this seed and prints its steps.
const SEED: &str = "TESSERA_SIMULATION_SEED";
/// How many seeds are played.
const SEEDS: &str = "TESSERA_SIMULATION_SEEDS";
/// The first of them.
const FROM: &str = "TESSERA_SIMULATION_FROM";
/// Seeds of an ordinary test run.
const FEW: u64 = 40;
/// Runs that are spent on shortening a story.
const SHORTENING: usize = 150;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// Panics that the simulation wants are not printed.
fn quiet() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if message(panic.payload()) != chaos::WANTED {
            usual(panic);
        }
    }));
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or_default()
}

/// Plays a story; answers the content hash and what happened.
fn play(seed: u64, story: &[Move]) -> (Outcome<String>, Vec<String>) {
    let mut run = Run::begin(seed);
    let outcome = catch_unwind(AssertUnwindSafe(|| run.play(story)));
    let outcome = outcome.unwrap_or_else(|panic| Err(format!("panicked: {}", message(&*panic))));
    (outcome, std::mem::take(&mut run.trace))
}

/// Leaves out moves that a failure has no need of: ever smaller pieces, from the end.
fn shorten(seed: u64, mut story: Vec<Move>) -> Vec<Move> {
    let (mut piece, mut left) = (story.len().div_ceil(2), SHORTENING);
    while piece > 0 {
        let mut end = story.len();
        while end > 0 && left > 0 {
            left -= 1;
            let start = end.saturating_sub(piece);
            let shorter = [&story[..start], &story[end..]].concat();
            if play(seed, &shorter).0.is_err() {
                story = shorter;
            }
            end = start;
        }
        piece /= 2;
    }
    story
}

/// What failed, how it came to it, and how it is played again.
fn report(seed: u64, failure: &str) -> String {
    let whole = story(seed);
    let short = shorten(seed, whole.clone());
    let (outcome, trace) = play(seed, &short);
    let again = outcome.err().unwrap_or_else(|| "nothing, this time".to_string());
    format!(
        "seed {seed}: {failure}\n{} of {} moves are enough for: {again}\n  {}\nplay it again: \
         {SEED}={seed} cargo nextest run -p tessera-scenarios simulation::seeds --no-capture",
        short.len(),
        whole.len(),
        trace.join("\n  ")
    )
}

#[test]
fn seeds_of_many_users_with_failures_crashes_and_jumping_clocks_keep_every_rule() {
    quiet();
    if let Some(seed) = number(SEED) {
        let (outcome, trace) = play(seed, &story(seed));
        println!("{}", trace.join("\n"));
        return match outcome {
            Ok(hash) => println!("seed {seed} ends with the content {hash}"),
            Err(failure) => panic!("{}", report(seed, &failure)),
        };
    }
    let (from, count) = (number(FROM).unwrap_or(0), number(SEEDS).unwrap_or(FEW));
    let (next, failures) = (AtomicU64::new(from), Mutex::new(Vec::new()));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while failures.lock().unwrap().is_empty() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + count {
                        return;
                    }
                    if let (Err(failure), _) = play(seed, &story(seed)) {
                        failures.lock().unwrap().push((seed, failure));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    if let Some((seed, failure)) = failures.first() {
        panic!("{}", report(*seed, failure));
    }
    println!("{count} seeds from {from} on kept every rule");
}

#[test]
fn a_seed_gives_the_same_steps_and_the_same_content() {
    quiet();
    let mut contents = HashSet::new();
    for seed in 0..6 {
        let (first, second) = (play(seed, &story(seed)), play(seed, &story(seed)));
        assert_eq!(first.1, second.1);
        assert_eq!(first, second);
        contents.insert(first.0.unwrap());
    }
    assert_eq!(contents.len(), 6);
}
