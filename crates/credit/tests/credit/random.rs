use std::collections::HashMap;

use proptest::prelude::*;
use tessera_credit::{
    Decision, clear_invoices, commit_order, commit_released, delivery_to_invoice,
    order_to_delivery, withdraw_order,
};
use tessera_kernel::{Currency, Money};

use crate::fixture::{AREA, Fixture, terms};

const LIMIT: i64 = 100_000;

fn minor(amount: i64) -> Money {
    Money::from_minor(amount, Currency::EUR)
}

#[derive(Clone, Debug)]
enum Step {
    Order(i64),
    Release(i64),
    Withdraw(i64),
    Deliver(i64),
    Invoice(i64),
    Pay(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let amount = 1..60_000_i64;
    prop_oneof![
        4 => amount.clone().prop_map(Step::Order),
        1 => amount.clone().prop_map(Step::Release),
        1 => amount.clone().prop_map(Step::Withdraw),
        2 => amount.clone().prop_map(Step::Deliver),
        2 => amount.clone().prop_map(Step::Invoice),
        2 => amount.prop_map(Step::Pay),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_order_is_approved_exactly_where_it_fits_and_the_exposure_equals_the_documents(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let fixture = Fixture::new();
        let payer = fixture.payer(&[terms(Some(LIMIT / 100), "LOW")]);
        let mut parts = [0_i64; 3];
        for step in &steps {
            match *step {
                Step::Order(amount) => {
                    let fits = parts.iter().sum::<i64>() + amount <= LIMIT;
                    let order = move |tx: &mut tessera_kernel::Tx<'_>| {
                        commit_order(tx, AREA, payer, minor(amount))
                    };
                    let approved = fixture.run(order).unwrap() == Decision::Approved;
                    prop_assert_eq!(approved, fits);
                    parts[0] += if fits { amount } else { 0 };
                }
                Step::Release(amount) => {
                    parts[0] += amount;
                    fixture
                        .run(move |tx| commit_released(tx, AREA, payer, minor(amount)))
                        .unwrap();
                }
                Step::Withdraw(amount) => {
                    let amount = amount.min(parts[0]);
                    parts[0] -= amount;
                    fixture.run(move |tx| withdraw_order(tx, AREA, payer, minor(amount))).unwrap();
                }
                Step::Deliver(amount) => {
                    let amount = amount.min(parts[0]);
                    parts[0] -= amount;
                    parts[1] += amount;
                    fixture
                        .run(move |tx| order_to_delivery(tx, AREA, payer, minor(amount)))
                        .unwrap();
                }
                Step::Invoice(amount) => {
                    let delivered = amount.min(parts[1]);
                    let invoiced = delivered + delivered / 5;
                    parts[1] -= delivered;
                    parts[2] += invoiced;
                    let (delivered, invoiced) = (minor(delivered), minor(invoiced));
                    fixture
                        .run(move |tx| delivery_to_invoice(tx, AREA, payer, delivered, invoiced))
                        .unwrap();
                }
                Step::Pay(amount) => {
                    let amount = amount.min(parts[2]);
                    parts[2] -= amount;
                    fixture.run(move |tx| clear_invoices(tx, AREA, payer, minor(amount))).unwrap();
                }
            }
            let expected = HashMap::from([(payer, parts)]);
            prop_assert_eq!(fixture.verify(&expected), Vec::<String>::new(), "after {:?}", step);
        }
    }
}
