//! Cents: an order is the sum of its lines and of its invoices, in any split.

use proptest::prelude::*;
use serde_json::json;

use crate::documents::quantity;
use crate::shop::Shop;
use crate::world::cases;

/// One item: thousandths of a euro per piece, pieces, manual discount in hundredths of a percent,
/// sizes of the deliveries.
#[derive(Clone, Debug)]
struct Line {
    price: i64,
    count: i64,
    discount: i64,
    parts: Vec<i64>,
}

fn line() -> impl Strategy<Value = Line> {
    (1..20_000_i64, 1..200_i64, 0..5_000_i64, prop::collection::vec(1..60_i64, 0..4))
        .prop_map(|(price, count, discount, parts)| Line { price, count, discount, parts })
}

/// What the lines are worth after their own discounts, in whole cents.
fn worth(lines: &[Line]) -> i64 {
    lines.iter().map(|line| line.price * line.count * (10_000 - line.discount) / 100_000).sum()
}

/// How the deliveries are billed.
#[derive(Clone, Copy, Debug)]
enum Billing {
    /// Each by itself, in the order of shipping or against it.
    Each { backwards: bool },
    /// All together.
    Together,
}

fn billing() -> impl Strategy<Value = Billing> {
    prop_oneof![
        any::<bool>().prop_map(|backwards| Billing::Each { backwards }),
        Just(Billing::Together),
    ]
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn an_order_is_the_sum_of_its_lines_and_of_its_invoices(
        lines in prop::collection::vec(line(), 1..4),
        header_discount in 0..2_000_i64,
        billing in billing(),
        cancelled in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let shop = Shop::new();
        shop.receive("bolt", 10_000);
        let item = |line: &Line| json!({ "product": shop.product_id("bolt").to_string(),
            "quantity": quantity(&line.count.to_string(), "PC") });
        // At most half of what the lines are worth: no item may fall below nothing.
        let header_discount = header_discount.min(worth(&lines) / 2);
        let mut conditions = vec![json!({ "condition_type": "HB00",
            "rate": format!("{}.{:02}", header_discount / 100, header_discount % 100) })];
        for (number, line) in (1_u32..).map(|n| n * 10).zip(&lines) {
            let (price, discount) = (line.price, line.discount);
            conditions.push(json!({ "item": number, "condition_type": "PR00",
                "rate": format!("{}.{:03}", price / 1000, price % 1000) }));
            conditions.push(json!({ "item": number, "condition_type": "RA00",
                "rate": format!("{}.{:02}", discount / 100, discount % 100) }));
        }
        let made = shop.sales_document(json!({
            "header": { "document_type": "OR", "sold_to": shop.partner("free").to_string(),
                "sales_organisation": "1000", "distribution_channel": "10", "division": "00" },
            "items": lines.iter().map(item).collect::<Vec<_>>(),
            "conditions": conditions,
        }));
        // A cent of the discount may fall on an item that is worth none.
        prop_assume!(!matches!(&made, Err(problem) if problem.code == "sales.below_zero"));
        let order = made.unwrap();
        let document = shop.load(order);
        let sums = document.items.iter().fold((0, 0), |(net, tax), item| {
            (net + item.net_value.minor(), tax + item.tax_value.minor())
        });
        let totals = (document.header.net_value.minor(), document.header.tax_value.minor());
        prop_assert_eq!(sums, totals);

        let mut deliveries = Vec::new();
        for (number, line) in (1_u32..).map(|n| n * 10).zip(&lines) {
            let mut left = line.count;
            for part in &line.parts {
                let part = (*part).min(left);
                if part > 0 {
                    deliveries.push(shop.deliver_part(order, number, part).unwrap());
                    left -= part;
                }
            }
        }
        if let Ok(rest) = shop.try_deliver(order) {
            deliveries.push(rest);
        }
        for delivery in &deliveries {
            shop.issue(*delivery);
        }
        let mut invoices = match billing {
            Billing::Together => shop.bill(&deliveries).unwrap(),
            Billing::Each { backwards } => {
                let mut order = deliveries.clone();
                if backwards {
                    order.reverse();
                }
                order.iter().map(|delivery| shop.invoice(*delivery)).collect()
            }
        };
        if let Some(which) = cancelled {
            let position = which.index(invoices.len());
            let source: Vec<_> = shop.load(invoices[position]).items.iter()
                .filter_map(|item| item.delivery).collect();
            shop.cancel_invoice(invoices[position]).unwrap();
            invoices.remove(position);
            invoices.extend(shop.bill(&source).unwrap());
        }
        let billed = invoices.iter().map(|id| shop.totals(*id))
            .fold((0, 0), |(net, tax), invoice| (net + invoice.0, tax + invoice.1));
        prop_assert_eq!(billed, totals);
        prop_assert_eq!(shop.exposure("free"), (0, 0, totals.0 + totals.1));
        prop_assert_eq!(shop.differences(), Vec::<String>::new());
    }
}

#[test]
fn what_rounding_took_stays_on_the_document() {
    let shop = Shop::new();
    shop.receive("nut", 100);
    let order = shop.order("free", &[("nut", 7)]);
    let invoice = shop.invoice(shop.ship(order));
    // 0.875 are booked as 0.88.
    let document = shop.load(invoice);
    assert_eq!(document.header.net_value.to_string(), "0.88 EUR");
    assert_eq!(document.header.rounding.normalize().to_string(), "-0.005");
    shop.verify();
}

#[test]
fn the_steps_of_a_company_are_steps_of_its_own_currency() {
    let shop = Shop::with(
        r#"
        [company_code.1000]
        name = { en = "In steps" }
        currency = "EUR"
        zone = "Europe/Berlin"
        country = "DE"
        chart_of_accounts = "INT"
        credit_control_area = "1000"
        rounding_step = 5
        "#,
    );
    let net =
        |customer| shop.load(shop.order(customer, &[("nut", 7)])).header.net_value.to_string();
    // 0.875 EUR are 0.9722 USD.
    assert_eq!((net("free"), net("yankee")), ("0.90 EUR".to_string(), "0.97 USD".to_string()));
    shop.verify();
}
