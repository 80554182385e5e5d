//! Documents priced with the shipped procedures, each with the conditions that must come of it.

use tessera_kernel::{Choice, Currency, Money, Quantity, Rounding, RoundingRule, Unit, Validity};

use crate::testing::*;
use crate::{
    ConditionRate, KeyField, ManualCondition, MissingReason, Priced, PricingHeader, PricingItem,
    Subtotal, Totals,
};

/// The conditions in short: step, type, value in cents, and why it does not count.
fn short(priced: &Priced) -> Vec<String> {
    let rows = priced.conditions.iter().map(|row| {
        let mut text = format!("{}/{} {}", row.item, row.step, row.condition_type);
        text.push_str(&format!(" {}", row.value.minor()));
        if let Some(reason) = row.inactive {
            text.push_str(&format!(" ({})", reason.code()));
        } else if row.statistical {
            text.push_str(" statistical");
        }
        text
    });
    rows.collect()
}

fn priced(shop: &mut Shop, header: &PricingHeader, items: &[PricingItem]) -> Priced {
    let priced = shop.run(header, items).unwrap();
    for item in &priced.items {
        let own = priced.conditions.iter().filter(|row| row.item == item.item);
        let totals = Totals::of(own, header.currency).unwrap();
        assert_eq!((totals.net, totals.tax, totals.gross), (item.net, item.tax, item.gross));
        assert_eq!((totals.rounding, totals.tax_rounding), (item.rounding, item.tax_rounding));
    }
    priced
}

#[test]
fn price_and_tax_are_found_for_each_item() {
    let mut shop = Shop::with_price();
    shop.price(2, "2.5");
    let priced = priced(&mut shop, &header(), &[item(10, 1, "3"), item(20, 2, "4")]);
    assert_eq!(
        short(&priced),
        ["10/11 PR00 3000", "10/915 MWST 570", "20/11 PR00 1000", "20/915 MWST 190"]
    );
    assert_eq!((priced.net, priced.tax, priced.gross), (eur(4000), eur(760), eur(4760)));
    assert!(priced.is_complete());
    let first = &priced.conditions[0];
    assert_eq!((first.access, first.account_key), (Some(3), Some(code("ERL"))));
    assert_eq!(priced.conditions[1].tax_code, Some(code("AS")));
}

#[test]
fn the_most_special_price_wins() {
    let mut shop = Shop::with_price();
    let net = |shop: &mut Shop| priced(shop, &header(), &[item(10, 1, "1")]).net;
    assert_eq!(net(&mut shop), eur(1000));
    let rate = |amount| ConditionRate::per(always(), dec(amount), Currency::EUR, pieces(1));
    let list = product_key(1).with(KeyField::Currency, Currency::EUR);
    shop.put("PR00", "A306", &list, rate("9"), &[]);
    assert_eq!(net(&mut shop), eur(900));
    shop.put("PR00", "A305", &product_key(1), rate("8"), &[]);
    assert_eq!(net(&mut shop), eur(800));
}

#[test]
fn a_record_counts_only_on_its_days_and_while_it_is_not_deleted() {
    let mut shop = Shop::with_price();
    let spring = Validity::new(day("2026-03-01"), day("2026-06-14")).unwrap();
    let rate = ConditionRate::per(spring, dec("7"), Currency::EUR, pieces(1));
    shop.put("PR00", "A305", &product_key(1), rate, &[]);
    assert_eq!(priced(&mut shop, &header(), &[item(10, 1, "1")]).net, eur(1000));
    let on_last_day = PricingHeader { pricing_date: day("2026-06-14"), ..header() };
    assert_eq!(priced(&mut shop, &on_last_day, &[item(10, 1, "1")]).net, eur(700));
    shop.put("PR00", "A305", &product_key(1), ConditionRate { deleted: true, ..rate }, &[]);
    assert_eq!(priced(&mut shop, &on_last_day, &[item(10, 1, "1")]).net, eur(1000));
}

#[test]
fn discounts_are_of_the_price_and_not_of_each_other() {
    let mut shop = Shop::with_price();
    shop.discount("K004", "A304", &product_key(1), "10");
    shop.discount("K007", "A307", &header_fields(), "5");
    let entered = [manual("RA00", "2"), manual("RB00", "1.5")];
    let priced = priced(&mut shop, &header(), &[with(item(10, 1, "10"), &entered)]);
    assert_eq!(
        short(&priced),
        [
            "10/11 PR00 10000",
            "10/101 K004 -1000",
            "10/103 K007 -500",
            "10/105 RA00 -200",
            "10/106 RB00 -150",
            "10/915 MWST 1549",
        ]
    );
    let subtotals = priced.items[0].subtotals;
    assert_eq!(subtotals.get(Subtotal::Price), Some(eur(10000)));
    assert_eq!(subtotals.get(Subtotal::Discount), Some(eur(-1850)));
    assert_eq!(subtotals.get(Subtotal::Credit), Some(eur(8150 + 1549)));
    // 19 % of 81.50 is 15.485, booked as 15.49.
    assert_eq!(priced.items[0].tax_rounding, dec("-0.005"));
}

#[test]
fn header_conditions_reach_every_item_and_amounts_are_distributed_by_value() {
    let mut shop = Shop::with_price();
    shop.price(2, "20");
    let header =
        PricingHeader { manual: vec![manual("HA00", "10"), manual("HB00", "10")], ..header() };
    let priced = priced(&mut shop, &header, &[item(10, 1, "1"), item(20, 2, "1")]);
    let discounts: Vec<String> =
        short(&priced).into_iter().filter(|row| row.contains(" H")).collect();
    assert_eq!(
        discounts,
        ["10/110 HA00 -100", "10/111 HB00 -333", "20/110 HA00 -200", "20/111 HB00 -667"]
    );
    let rounding = priced.items.iter().map(|item| item.rounding).sum::<tessera_kernel::Decimal>();
    assert!(rounding.is_zero(), "{rounding}");
    assert_eq!(
        shop.settings.manual_of_header(&priced.conditions, |_| true),
        header.manual_as_kept()
    );
}

impl PricingHeader {
    /// What was entered, with the currency that amounts have been given.
    fn manual_as_kept(&self) -> Vec<ManualCondition> {
        let mut manual = self.manual.clone();
        for entry in manual.iter_mut().filter(|entry| entry.condition_type == code("HB00")) {
            entry.currency = Some(self.currency);
        }
        manual
    }
}

#[test]
fn an_entered_price_has_priority_and_comes_back_for_the_next_pricing() {
    let mut shop = Shop::with_price();
    let entered = [manual("PR00", "8.333")];
    let items = [with(item(10, 1, "3"), &entered)];
    let first = priced(&mut shop, &header(), &items);
    assert_eq!(short(&first)[0], "10/11 PR00 2500");
    assert_eq!(first.items[0].rounding, dec("-0.001"));
    let kept = shop.settings.manual_of_item(&first.conditions, 10);
    let again = priced(&mut shop, &header(), &[with(item(10, 1, "3"), &kept)]);
    assert_eq!(again, first);
}

#[test]
fn a_later_price_replaces_an_earlier_one_which_stays_visible() {
    let extra = r#"
        [condition_type.PR01]
        name = { en = "Price expected" }
        class = "price"
        calculation = "per_quantity"
        manual = "only"
        [pricing_procedure.TWO]
        name = { en = "Two prices" }
        [[pricing_procedure.TWO.steps]]
        step = 10
        condition_type = "PR00"
        [[pricing_procedure.TWO.steps]]
        step = 20
        condition_type = "PR01"
        required = true
    "#;
    let mut shop = Shop::new(extra);
    shop.price(1, "10");
    let header = PricingHeader { procedure: code("TWO"), ..header() };
    let entered = with(item(10, 1, "2"), &[manual("PR01", "9")]);
    let both = priced(&mut shop, &header, &[entered, item(20, 1, "1")]);
    assert_eq!(
        short(&both),
        ["10/10 PR00 2000 (later_price)", "10/20 PR01 1800", "20/10 PR00 1000"]
    );
    assert_eq!(both.items[0].net, eur(1800));
    assert!(both.items[0].missing.is_empty());
    assert_eq!(both.items[1].missing[0].reason, MissingReason::NotFound);
}

#[test]
fn an_item_without_price_is_incomplete_and_no_error() {
    let mut shop = Shop::with_price();
    let priced = priced(&mut shop, &header(), &[item(10, 99, "1")]);
    assert!(!priced.is_complete());
    assert_eq!(
        priced.items[0].missing[0].to_string(),
        "PR00 (step 11) was neither found nor entered"
    );
    assert_eq!(priced.net, eur(0));
}

#[test]
fn statistical_lines_are_no_part_of_the_value() {
    let mut shop = Shop::with_price();
    let terms = header_fields();
    shop.discount("SKTO", "A052", &terms, "3");
    let items = [PricingItem { cost: Some(eur(600)), ..item(10, 1, "1") }];
    let priced = priced(&mut shop, &header(), &items);
    assert_eq!(
        short(&priced),
        [
            "10/11 PR00 1000",
            "10/915 MWST 190",
            "10/930 SKTO -36 statistical",
            "10/940 VPRS 600 statistical"
        ]
    );
    let own = &priced.items[0];
    assert_eq!((own.net, own.gross, own.cost), (eur(1000), eur(1190), Some(eur(600))));
    assert_eq!(own.subtotals.get(Subtotal::Margin), Some(eur(400)));
    assert_eq!(own.subtotals.get(Subtotal::CashDiscount), Some(eur(-36)));
}

#[test]
fn returns_mirror_sales_and_nothing_costs_nothing() {
    let mut shop = Shop::with_price();
    shop.discount("K007", "A307", &header_fields(), "5");
    let entered = [manual("RB00", "1.5")];
    let of = |quantity| with(item(10, 1, quantity), &entered);
    let sold = priced(&mut shop, &header(), &[of("3")]);
    let returned = priced(&mut shop, &header(), &[of("-3")]);
    let nothing = priced(&mut shop, &header(), &[of("0")]);
    assert_eq!(returned.gross, sold.gross.negated());
    for (sold, returned) in sold.conditions.iter().zip(&returned.conditions) {
        assert_eq!(returned.value, sold.value.negated());
        assert_eq!(returned.rate, sold.rate);
    }
    assert_eq!((nothing.gross, nothing.is_complete()), (eur(0), true));
    assert_eq!(nothing.conditions.len(), sold.conditions.len());
}

#[test]
fn a_header_discount_on_returns_reduces_what_is_paid_back() {
    let mut shop = Shop::with_price();
    let header = PricingHeader { manual: vec![manual("HB00", "5")], ..header() };
    let priced = priced(&mut shop, &header, &[item(10, 1, "-2"), item(20, 1, "0")]);
    let discounts: Vec<i64> = priced
        .conditions
        .iter()
        .filter(|row| row.step == 111)
        .map(|row| row.value.minor())
        .collect();
    assert_eq!(discounts, [500, 0]);
    assert_eq!(priced.net, eur(-1500));
}

#[test]
fn scales_are_read_with_the_quantity_and_group_scales_with_the_sum_of_the_items() {
    let mut shop = Shop::with_price();
    let rate = ConditionRate::per(always(), dec("10"), Currency::EUR, pieces(1));
    shop.put(
        "PR00",
        "A304",
        &product_key(1),
        rate,
        &[(dec("10"), dec("9")), (dec("100"), dec("8"))],
    );
    for (quantity, value) in [("9", 9000), ("10", 9000), ("100", 80000), ("-10", -9000)] {
        let net = priced(&mut shop, &header(), &[item(10, 1, quantity)]).net;
        assert_eq!(net, eur(value), "{quantity}");
    }
    let percentage = ConditionRate::percentage(always(), percent("0"));
    let by_value = ConditionRate { currency: Some(Currency::EUR), ..percentage };
    shop.put("K007", "A307", &header_fields(), by_value, &[(dec("150"), dec("5"))]);
    let alone = priced(&mut shop, &header(), &[item(10, 1, "9")]);
    assert_eq!(short(&alone)[1], "10/103 K007 0");
    let together = priced(&mut shop, &header(), &[item(10, 1, "9"), item(20, 1, "9")]);
    assert_eq!(short(&together)[1], "10/103 K007 -450");
    assert_eq!(short(&together)[4], "20/103 K007 -450");
}

#[test]
fn a_graduated_scale_makes_a_row_for_each_interval() {
    let extra = r#"
        [condition_type.PR00]
        name = { en = "Price" }
        class = "price"
        calculation = "per_quantity"
        access_sequence = "PRICE"
        scale_basis = "quantity"
        scale_type = "graduated"
        manual = "allowed"
    "#;
    let mut shop = Shop::new(extra);
    let rate = ConditionRate::per(always(), dec("10"), Currency::EUR, pieces(1));
    shop.put(
        "PR00",
        "A304",
        &product_key(1),
        rate,
        &[(dec("10"), dec("9")), (dec("100"), dec("8"))],
    );
    let run = |shop: &mut Shop, quantity| priced(shop, &header(), &[item(10, 1, quantity)]);
    let many = run(&mut shop, "120");
    assert_eq!(short(&many)[..3], ["10/11 PR00 10000", "10/11 PR00 81000", "10/11 PR00 16000"]);
    let counters: Vec<u32> = many.conditions[..3].iter().map(|row| row.counter).collect();
    assert_eq!(counters, [1, 2, 3]);
    assert_eq!(many.net, eur(107_000));
    assert_eq!(run(&mut shop, "-120").net, eur(-107_000));
}

#[test]
fn freight_is_by_weight_or_fixed_as_the_record_says() {
    let mut shop = Shop::with_price();
    let kilos = |text: &str| Quantity::new(dec(text), Unit::KG).unwrap();
    let countries = header_fields()
        .with(KeyField::DepartureCountry, code("DE"))
        .with(KeyField::ShipToCountry, code("DE"));
    let rate = ConditionRate::per(always(), dec("0.5"), Currency::EUR, kilos("1"));
    shop.put("KF00", "A065", &countries, rate, &[]);
    let heavy = PricingItem { weight: Some(kilos("12.5")), ..item(10, 1, "1") };
    let by_weight = priced(&mut shop, &header(), std::slice::from_ref(&heavy));
    assert_eq!(short(&by_weight)[1], "10/810 KF00 625");
    let fixed = ConditionRate {
        calculation: Some(crate::Calculation::Fixed),
        ..ConditionRate::fixed(always(), dec("4.9"), Currency::EUR)
    };
    shop.put("KF00", "A065", &countries, fixed, &[]);
    let fixed = priced(&mut shop, &header(), &[heavy]);
    assert_eq!(short(&fixed)[1], "10/810 KF00 490");
}

#[test]
fn a_price_in_the_base_unit_serves_an_item_in_another_and_in_no_third() {
    let mut shop = Shop::with_price();
    let boxes = |item: PricingItem| PricingItem { quantity: Quantity::of(2, Unit::BOX), ..item };
    assert_eq!(priced(&mut shop, &header(), &[boxes(item(10, 1, "24"))]).net, eur(24000));
    let per_kilo = ConditionRate::per(always(), dec("1"), Currency::EUR, Quantity::of(1, Unit::KG));
    shop.put("PR00", "A304", &product_key(1), per_kilo, &[]);
    let refused = priced(&mut shop, &header(), &[boxes(item(10, 1, "24"))]);
    assert_eq!(short(&refused)[0], "10/11 PR00 0 (unit_mismatch)");
    assert_eq!(refused.items[0].missing[0].reason, MissingReason::UnitMismatch);
}

#[test]
fn rates_in_another_currency_are_converted_once_and_rounded_then() {
    let mut shop = Shop::with_price();
    let rate = ConditionRate::per(always(), dec("3.333"), Currency::USD, pieces(1));
    shop.put("PR00", "A304", &product_key(1), rate, &[]);
    let without = priced(&mut shop, &header(), &[item(10, 1, "3")]);
    assert_eq!(short(&without)[0], "10/11 PR00 0 (no_exchange_rate)");
    assert_eq!(without.items[0].missing[0].reason, MissingReason::NoExchangeRate);
    shop.exchange_rates.insert((Currency::USD, Currency::EUR), dec("0.9"));
    let with = priced(&mut shop, &header(), &[item(10, 1, "3")]);
    assert_eq!(short(&with)[0], "10/11 PR00 900");
    assert_eq!(with.items[0].rounding, dec("-0.0009"));
}

#[test]
fn values_are_multiples_of_the_rounding_step() {
    let mut shop = Shop::with_price();
    let rate = ConditionRate::per(always(), dec("3.33"), Currency::CHF, pieces(1));
    shop.put("PR00", "A304", &product_key(1), rate, &[]);
    let header = PricingHeader {
        currency: Currency::CHF,
        rounding: RoundingRule { mode: Rounding::HalfUp, step_minor: 5 },
        manual: vec![manual("HB00", "0.2")],
        ..header()
    };
    let items = [item(10, 1, "1"), item(20, 1, "1"), item(30, 1, "1")];
    let priced = priced(&mut shop, &header, &items);
    assert!(priced.conditions.iter().all(|row| row.value.minor() % 5 == 0), "{:?}", short(&priced));
    let sum = |step| {
        let rows = priced.conditions.iter().filter(move |row| row.step == step);
        Money::sum(rows.map(|row| row.value), Currency::CHF).unwrap().minor()
    };
    assert_eq!((sum(11), sum(111)), (3 * 335, -20));
}

#[test]
fn the_web_shop_enters_its_prices_also_below_zero_and_with_three_decimals() {
    let mut shop = Shop::new("");
    let header = PricingHeader { procedure: code("WEB"), currency: Currency::GBP, ..header() };
    let items = [
        with(item(1, 1, "6"), &[manual("PR00", "2.095")]),
        with(item(2, 2, "1"), &[manual("PR00", "-11062.06")]),
    ];
    let priced = priced(&mut shop, &header, &items);
    assert_eq!(short(&priced), ["1/11 PR00 1257", "2/11 PR00 -1106206"]);
    assert!(priced.is_complete());
    assert_eq!(shop.looks, 1, "one look tells that there is no tax");
}

#[test]
fn values_out_of_range_are_refused_with_item_and_type() {
    let mut shop = Shop::with_price();
    let huge = with(item(10, 1, "9000000000000"), &[manual("PR00", "9000000000000")]);
    let refused = shop.run(&header(), &[huge]).unwrap_err();
    assert_eq!(refused.to_string(), "item 10: the value of PR00 is too large");
}

#[test]
fn without_own_prices_a_customer_costs_one_look_per_document() {
    let mut shop = Shop::with_price();
    let items: Vec<PricingItem> = (1..=100).map(|number| item(number, 1, "1")).collect();
    priced(&mut shop, &header(), &items);
    // PR00: two anchors are absent; A304 and A002 are looked at by every item.
    assert!(shop.looks < 2 * 100 + 15, "{}", shop.looks);
}
