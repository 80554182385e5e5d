//! What happens in one run, drawn from a seed before it begins: data, so that it can be shortened.

use std::iter;

use fastrand::Rng;

use crate::play::{MASTER_DATA, STEADY, Step, UNSTEADY, Verb};
use crate::simulation::chaos::Trouble;

/// Who takes part. The last one has no rights.
pub(crate) const USERS: [&str; 4] = ["anna", "bob", "carla", "guest"];
/// The user without rights.
pub(crate) const GUEST: usize = USERS.len() - 1;

/// Which version of an object somebody changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Whichever there is.
    Any,
    /// The one that there is now.
    Now,
    /// The one that the user saw first.
    Earlier,
}

/// What one user does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) user: usize,
    pub(crate) step: Step,
    pub(crate) seen: Seen,
}

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// Users send commands at the same moment. What they hear nothing of they send again, so often.
    Commands { turns: Vec<Turn>, troubles: Vec<Trouble>, crashes: bool },
    /// Somebody sends again what was answered already.
    Repeat { which: usize },
    /// The process dies and starts anew.
    Crash,
    /// Events are brought to who listens.
    Listen { trouble: Option<Trouble> },
    /// The clock goes on by days, and what was announced for them arrives.
    Days(u8),
    /// The clock goes on by seconds.
    Seconds(u16),
    /// The clock jumps on by days, and nothing arrives.
    Leap(u8),
    /// The clock goes back by hours.
    Back(u8),
}

/// Whether promises are always covered and limits kept in the run of a seed.
pub(crate) fn is_steady(seed: u64) -> bool {
    seed.is_multiple_of(2)
}

/// The story of a seed.
pub(crate) fn story(seed: u64) -> Vec<Move> {
    let mut rng = Rng::with_seed(seed);
    let length = rng.usize(20..=40);
    iter::repeat_with(|| next(&mut rng, is_steady(seed))).take(length).collect()
}

fn next(rng: &mut Rng, steady: bool) -> Move {
    match rng.u8(0..20) {
        0 => Move::Repeat { which: rng.usize(0..8) },
        1 if rng.bool() => Move::Crash,
        1 | 2 => Move::Listen { trouble: rng.bool().then(|| trouble(rng)) },
        3 => Move::Days(rng.u8(0..4)),
        4 => Move::Seconds(rng.u16(1..5_000)),
        5 if !steady => Move::Leap(rng.u8(1..40)),
        6 if !steady => Move::Back(rng.u8(1..30)),
        _ => commands(rng, steady),
    }
}

fn commands(rng: &mut Rng, steady: bool) -> Move {
    let users = if rng.u8(0..4) == 0 { rng.usize(2..=4) } else { 1 };
    let turns = iter::repeat_with(|| turn(rng, steady)).take(users).collect();
    let count = [0, 0, 0, 1, 1, 2][rng.usize(0..6)];
    let troubles: Vec<Trouble> = iter::repeat_with(|| trouble(rng)).take(count).collect();
    let crashes = !troubles.is_empty() && rng.u8(0..6) == 0;
    Move::Commands { turns, troubles, crashes }
}

fn turn(rng: &mut Rng, steady: bool) -> Turn {
    let user = if rng.u8(0..20) == 0 { GUEST } else { rng.usize(0..GUEST) };
    let verbs = match rng.u8(0..10) {
        0 | 1 => MASTER_DATA,
        2 | 3 if !steady => UNSTEADY,
        _ => STEADY,
    };
    let verb = match verbs[rng.usize(0..verbs.len())] {
        // Days pass for everybody; and a limit that is lowered is exceeded by what was before.
        Verb::NextDay => Verb::Order,
        // So it is by what is delivered already and becomes dearer.
        Verb::LowerLimit | Verb::Reprice if steady => Verb::MarkDown,
        verb => verb,
    };
    let step =
        Step { verb, which: rng.usize(0..12), other: rng.usize(0..12), count: rng.i64(1..40) };
    let seen = [Seen::Any, Seen::Now, Seen::Earlier][rng.usize(0..3)];
    Turn { user, step, seen }
}

fn trouble(rng: &mut Rng) -> Trouble {
    // Most commands have less than a hundred statements.
    let statement = rng.u32(0..10).pow(2) + rng.u32(0..10);
    match rng.u8(0..5) {
        0 | 1 => Trouble::Statement(statement),
        2 => Trouble::Panic(statement),
        3 => Trouble::CommitLost,
        _ => Trouble::CommitUnheard,
    }
}
