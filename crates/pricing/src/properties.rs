//! What holds for any document.

use proptest::prelude::*;
use tessera_kernel::{
    Currency, Decimal, Money, Quantity, Rounding, RoundingRule, Unit, from_micros,
};

use crate::testing::*;
use crate::{
    ConditionOrigin, ManualCondition, Part, Priced, PricingCondition, PricingHeader, PricingItem,
    Totals, copy_for_part,
};

/// An entered condition with a rate in millionths.
fn entered(kind: &str, micros: i64) -> ManualCondition {
    ManualCondition::new(code(kind), from_micros(micros))
}

fn items() -> impl Strategy<Value = Vec<PricingItem>> {
    let one = (
        -50_000_000..50_000_000_i64,
        0..500_000_000_i64,
        prop::option::of(0..100_000_000_i64),
        prop::option::of(0..10_000_000_i64),
    );
    prop::collection::vec(one, 1..8).prop_map(|items| {
        let items = (1..).zip(items).map(|(number, (quantity, price, percent, amount))| {
            let mut item = item(number * 10, 1, "0");
            item.quantity = Quantity::new(from_micros(quantity), Unit::PC).unwrap();
            item.base_quantity = item.quantity;
            item.manual.push(entered("PR00", price));
            item.manual.extend(percent.map(|rate| entered("RA00", rate)));
            item.manual.extend(amount.map(|rate| entered("RB00", rate)));
            item
        });
        items.collect()
    })
}

fn headers() -> impl Strategy<Value = PricingHeader> {
    let modes = prop::sample::select(vec![
        Rounding::HalfUp,
        Rounding::HalfEven,
        Rounding::Up,
        Rounding::Down,
    ]);
    let currencies = prop::sample::select(vec![Currency::EUR, Currency::JPY, Currency::CHF]);
    let steps = prop::sample::select(vec![1, 5]);
    let amounts = prop::option::of(0..90_000_000_i64);
    (modes, currencies, steps, amounts, prop::option::of(0..20_000_000_i64)).prop_map(
        |(mode, currency, step_minor, amount, percent)| {
            let mut header = header();
            header.currency = currency;
            header.rounding = RoundingRule { mode, step_minor };
            header.manual.extend(amount.map(|rate| entered("HB00", rate)));
            header.manual.extend(percent.map(|rate| entered("HA00", rate)));
            header
        },
    )
}

fn price(header: &PricingHeader, items: &[PricingItem], tax: &str) -> Priced {
    let mut shop = Shop::new("");
    shop.tax(tax);
    shop.run(header, items).unwrap()
}

/// The exact value of what a row says it was computed from.
fn exact(row: &PricingCondition) -> Option<Decimal> {
    let rate = row.rate?;
    match (row.rate_currency, row.per) {
        _ if row.condition_type == code("HB00") => None,
        (None, _) => Some(rate * row.base / Decimal::ONE_HUNDRED),
        (Some(_), per) => Some(rate * row.base / per.map_or(Decimal::ONE, |per| per.value())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn totals_are_the_sums_of_their_items_and_of_their_conditions(
        header in headers(), items in items(),
    ) {
        let priced = price(&header, &items, "19");
        let of_rows = Totals::of(&priced.conditions, header.currency).unwrap();
        prop_assert_eq!((of_rows.net, of_rows.tax), (priced.net, priced.tax));
        let net = Money::sum(priced.items.iter().map(|item| item.net), header.currency);
        prop_assert_eq!(net, Ok(priced.net));
        prop_assert_eq!(priced.net.plus(priced.tax), Ok(priced.gross));
        for item in &priced.items {
            let own = priced.conditions.iter().filter(|row| row.item == item.item);
            let own = Totals::of(own, header.currency).unwrap();
            prop_assert_eq!((own.net, own.rounding), (item.net, item.rounding));
        }
    }

    #[test]
    fn value_and_rounding_are_what_rate_and_base_say(header in headers(), items in items()) {
        let priced = price(&header, &items, "7.7");
        for row in &priced.conditions {
            prop_assert_eq!(row.value.minor() % header.rounding.step_minor, 0);
            let Some(exact) = exact(row) else { continue };
            let difference = (row.value.amount() + row.rounding - exact).abs();
            prop_assert!(difference <= Decimal::new(5, 7), "{row:?}");
        }
    }

    #[test]
    fn a_distributed_amount_is_neither_more_nor_less(header in headers(), items in items()) {
        let priced = price(&header, &items, "0");
        let rows = || priced.conditions.iter().filter(|row| row.condition_type == code("HB00"));
        let Some(first) = rows().next() else { return Ok(()) };
        let booked = Money::sum(rows().map(|row| row.value), header.currency).unwrap();
        let rounding: Decimal = rows().map(|row| row.rounding).sum();
        let rate = first.rate.unwrap();
        prop_assert_eq!((booked.amount() + rounding).abs(), rate.abs());
        let rule = header.rounding.apply(rate, header.currency).unwrap();
        prop_assert_eq!(booked.abs(), rule.abs());
    }

    #[test]
    fn parts_of_any_split_sum_exactly_to_the_whole(
        header in headers(), items in items(), weights in prop::collection::vec(0..1000_u32, 1..7),
    ) {
        let priced = price(&header, &items, "19");
        for item in &priced.items {
            let whole = items.iter().find(|own| own.item == item.item).unwrap().quantity;
            let rows: Vec<PricingCondition> =
                priced.conditions.iter().filter(|row| row.item == item.item).cloned().collect();
            let parts = split(&rows, whole, &weights, header.rounding);
            for (index, row) in rows.iter().enumerate() {
                let of_row = || parts.iter().map(move |part| &part[index]);
                let value = Money::sum(of_row().map(|part| part.value), header.currency);
                let zero = whole.is_zero();
                prop_assert_eq!(value, Ok(row.value), "{:?}", row);
                prop_assert_eq!(of_row().map(|part| part.rounding).sum::<Decimal>(), row.rounding);
                prop_assert!(zero || of_row().map(|part| part.base).sum::<Decimal>() == row.base);
                let step = header.rounding.step_minor;
                prop_assert!(of_row().all(|part| part.value.minor() % step == 0));
            }
            let totals = Totals::of(parts.iter().flatten(), header.currency).unwrap();
            prop_assert_eq!((totals.net, totals.tax), (item.net, item.tax));
            let rounding = (totals.rounding, totals.tax_rounding);
            prop_assert_eq!(rounding, (item.rounding, item.tax_rounding));
        }
    }
}

/// Takes the whole in parts of these weights, the last one what is left.
fn split(
    rows: &[PricingCondition],
    whole: Quantity,
    weights: &[u32],
    rounding: RoundingRule,
) -> Vec<Vec<PricingCondition>> {
    let total: i64 = weights.iter().copied().map(i64::from).sum::<i64>().max(1);
    let micros = tessera_kernel::to_micros(whole.value()).unwrap();
    let (mut before, mut parts) = (Quantity::zero(whole.unit()), Vec::new());
    for (position, weight) in weights.iter().enumerate() {
        let left = whole.minus(before).unwrap();
        let quantity = if position + 1 == weights.len() {
            left
        } else {
            let part = micros / total * i64::from(*weight);
            Quantity::new(from_micros(part), whole.unit()).unwrap()
        };
        let part = Part { whole, before, quantity };
        parts.push(copy_for_part(rows, 1, part, rounding).unwrap());
        before = before.plus(quantity).unwrap();
    }
    parts
}

#[test]
fn parts_are_shares_of_the_whole_and_the_last_takes_the_rest() {
    let mut shop = Shop::with_price();
    let mut sold = item(10, 1, "3");
    sold.manual.push(manual("PR00", "3.333"));
    let priced = shop.run(&header(), &[sold]).unwrap();
    let one = |before| Part { whole: pieces(3), before: pieces(before), quantity: pieces(1) };
    let values = [0, 1, 2].map(|before| {
        let rows = copy_for_part(&priced.conditions, 7, one(before), RoundingRule::default());
        let rows = rows.unwrap();
        assert_eq!((rows[0].item, rows[0].origin), (7, ConditionOrigin::CopiedManual));
        assert!(rows.iter().any(|row| row.origin == ConditionOrigin::Copied));
        (rows[0].value.minor(), rows[0].rounding)
    });
    assert_eq!(values, [(333, dec("0.003")), (334, dec("-0.007")), (333, dec("0.003"))]);
}

#[test]
fn a_part_of_nothing_is_refused_and_a_wrong_unit_too() {
    let mut shop = Shop::with_price();
    let priced = shop.run(&header(), &[item(10, 1, "3")]).unwrap();
    let copy = |part| copy_for_part(&priced.conditions, 10, part, RoundingRule::default());
    let zero = pieces(0);
    assert!(copy(Part { whole: zero, before: zero, quantity: pieces(1) }).is_err());
    assert!(copy(Part { whole: zero, before: zero, quantity: zero }).is_ok());
    let boxes = Quantity::of(1, Unit::BOX);
    assert!(copy(Part { whole: boxes, before: zero, quantity: pieces(1) }).is_err());
    let more = copy(Part { whole: pieces(3), before: pieces(3), quantity: pieces(1) }).unwrap();
    assert_eq!(more[0].value, eur(1000));
}

#[test]
fn the_last_part_takes_the_rest_although_the_whole_was_rounded_by_another_step() {
    let mut shop = Shop::with_price();
    let mut sold = item(10, 1, "3");
    sold.manual.push(manual("PR00", "3.337"));
    let priced = shop.run(&header(), &[sold]).unwrap();
    let step = RoundingRule { mode: Rounding::HalfUp, step_minor: 5 };
    let values = [(0, 1), (1, 2)].map(|(before, quantity)| {
        let part = Part { whole: pieces(3), before: pieces(before), quantity: pieces(quantity) };
        copy_for_part(&priced.conditions, 10, part, step).unwrap()[0].value.minor()
    });
    assert_eq!((values, priced.net.minor()), ([335, 666], 1001));
}
