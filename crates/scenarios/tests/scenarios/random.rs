//! Random commands over a few customers and products, with tight stock and credit. Refusals are
//! part of the business; what must not happen is a balance that differs from its documents, a
//! promise without cover, or an approved order beyond the limit.

use proptest::prelude::*;

use crate::play::{Play, STEADY, Step, UNSTEADY, Verb};
use crate::world::cases;

fn step(verbs: Vec<Verb>) -> impl Strategy<Value = Step> {
    (prop::sample::select(verbs), 0..12_usize, 0..12_usize, 1..40_i64)
        .prop_map(|(verb, which, other, count)| Step { verb, which, other, count })
}

fn steady() -> impl Strategy<Value = Step> {
    step(STEADY.to_vec())
}

fn anything() -> impl Strategy<Value = Step> {
    prop_oneof![3 => steady(), 1 => step(UNSTEADY.to_vec())]
}

#[test]
fn every_balance_equals_its_documents_in_the_runs_that_found_errors() {
    let step = |verb, which, other, count| Step { verb, which, other, count };
    let order = step(Verb::Order, 0, 0, 1);
    let runs = [
        vec![
            order,
            order,
            order,
            order,
            step(Verb::PriceByHand, 5, 0, 1),
            step(Verb::Issue, 8, 0, 1),
            step(Verb::Bill, 0, 0, 1),
        ],
        vec![
            step(Verb::Bill, 5, 7, 1),
            step(Verb::Reject, 2, 1, 1),
            step(Verb::PriceByHand, 10, 2, 1),
        ],
        vec![step(Verb::SetQuantity, 6, 1, 4), step(Verb::PriceByHand, 9, 8, 24)],
    ];
    for run in runs {
        let mut play = Play::new();
        for step in run {
            let _ = play.take(step);
            assert_eq!(play.shop.differences(), Vec::<String>::new(), "after {step:?}");
        }
    }
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn nothing_is_oversold_and_no_limit_is_exceeded(
        steps in prop::collection::vec(steady(), 1..50),
    ) {
        let mut play = Play::new();
        for (number, step) in steps.iter().enumerate() {
            // A refusal is an answer.
            let _ = play.take(*step);
            prop_assert_eq!(play.broken_rule(), None, "after step {} {:?}", number, step);
        }
        prop_assert_eq!(play.shop.differences(), Vec::<String>::new());
    }

    #[test]
    fn every_balance_equals_its_documents_after_every_command(
        steps in prop::collection::vec(anything(), 1..50),
    ) {
        let mut play = Play::new();
        for (number, step) in steps.iter().enumerate() {
            let _ = play.take(*step);
            let differences = play.shop.differences();
            prop_assert_eq!(differences, Vec::<String>::new(), "after step {} {:?}", number, step);
        }
    }
}
