//! A legal series has no gap and no duplicate, however many threads draw and fail.

use std::collections::BTreeSet;
use std::sync::Mutex;

use tessera_kernel::{Fault, Ref};

use crate::sample::{Member, member};
use crate::town::{Town, undone};

const THREADS: usize = 64;
const EACH: usize = 12;

/// What happens to a command: about half are kept, the others are undone or panic.
fn fate(thread: usize, turn: usize) -> u64 {
    let mixed = (thread as u64 * 1_000 + turn as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 33) % 8
}

#[test]
fn a_gapless_series_has_no_gap_under_64_threads_that_fail_at_random() {
    let town = Town::new();
    let drawn = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (town, drawn) = (&town, &drawn);
            scope.spawn(move || {
                for turn in 0..EACH {
                    let outcome = town.command(move |tx| {
                        let number = tx.next_in_series("receipt", "2024")?;
                        let value = member("Member", &format!("{thread}-{turn}"));
                        let stored = tx.insert_numbered(value, Some(number))?;
                        match fate(thread, turn) {
                            0..=2 => undone(),
                            3 => panic!("on purpose"),
                            _ => Ok(stored.number()),
                        }
                    });
                    drawn.lock().unwrap().extend(outcome);
                }
            });
        }
    });
    let numbers = drawn.into_inner().unwrap();
    let distinct: BTreeSet<String> = numbers.iter().cloned().collect();
    assert_eq!(distinct.len(), numbers.len(), "a number came twice");
    let expected: BTreeSet<String> =
        (1..=numbers.len()).map(|number| format!("R2024-{number:04}")).collect();
    assert_eq!(distinct, expected);
    assert!(numbers.len() > 100, "too few commands were kept to tell");
    // What the callers were told is what the database has.
    let stored: Result<BTreeSet<String>, Fault> = town.database.read(&crate::town::ada(), |tx| {
        let ids: Vec<Ref<Member>> = tx.all()?;
        ids.into_iter().map(|id| Ok(tx.load(id)?.number())).collect()
    });
    assert_eq!(stored.unwrap(), expected);
}
