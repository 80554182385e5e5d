use std::time::Instant;

use tessera_finance::{FinanceError, Line};
use tessera_kernel::{Code, Tx};

use crate::fixture::{Books, day, eur, post_plain};

const ENTRIES: u32 = 5_000;

/// Prints how long an entry of three lines takes; the figure counts in a release build only
/// (`cargo test --release -p tessera-finance speed -- --nocapture`).
#[test]
fn the_time_of_a_posting_is_printed() {
    let books = Books::new();
    let took = books
        .run(|tx: &mut Tx<'_>| {
            let account = Code::literal;
            let started = Instant::now();
            for _ in 0..ENTRIES {
                let lines = [
                    Line::debit(account("113100"), eur(119)),
                    Line::credit(account("399999"), eur(100)),
                    Line::credit(account("175000"), eur(19)),
                ];
                post_plain(tx, day("2026-02-01"), &lines)?;
            }
            Ok::<_, FinanceError>(started.elapsed() / ENTRIES)
        })
        .unwrap();
    println!("an entry of three lines takes {took:?}");
    assert_eq!(books.verify(), [""; 0]);
}
