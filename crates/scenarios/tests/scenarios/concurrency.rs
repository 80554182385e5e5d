//! 64 clients at once.

use std::sync::Barrier;

use serde_json::{Value, json};
use tessera_finance::JournalEntry;
use tessera_kernel::{Problem, Ref, Stored};
use tessera_product::Product;
use tessera_sales::{CreditStatus, SalesDocument};

use crate::documents::{Made, euros, quantity};
use crate::shop::{Customer, Shop};

const CLIENTS: usize = 64;

/// Runs `client` on 64 threads that begin at the same moment.
fn at_once<R: Send>(client: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let barrier = Barrier::new(CLIENTS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (barrier, client) = (&barrier, &client);
                scope.spawn(move || {
                    barrier.wait();
                    client(number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn order(shop: &Shop, customer: &str, items: Value) -> Made<SalesDocument> {
    shop.document("OR", customer, items, json!({}))
}

#[test]
fn of_64_orders_for_the_last_10_pieces_exactly_10_are_confirmed() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let items = shop.items(&[("bolt", 1)]);
    let orders = at_once(|_| order(&shop, "free", items.clone()).unwrap());
    let confirmed = |order: &Ref<SalesDocument>| {
        shop.promises(*order, 10).iter().map(|(_, pieces)| pieces).sum::<i64>()
    };
    assert_eq!(orders.iter().map(confirmed).sum::<i64>(), 10);
    assert!(orders.iter().all(|order| confirmed(order) <= 1));
    assert!(!shop.is_oversold("bolt"));
    shop.verify();
    let delivered = at_once(|client| shop.try_deliver(orders[client]));
    assert_eq!(delivered.iter().filter(|outcome| outcome.is_ok()).count(), 10);
    shop.verify();
}

#[test]
fn of_64_orders_at_one_limit_only_as_many_are_approved_as_it_covers() {
    let mut shop = Shop::new();
    shop.customer("small", &Customer { limit: Some(1_190), ..Customer::default() });
    shop.receive("bolt", 10_000);
    // Each is 119.00: ten fit.
    let items = shop.items(&[("bolt", 10)]);
    let orders = at_once(|_| order(&shop, "small", items.clone()).unwrap());
    let approved =
        |order: &&Ref<SalesDocument>| shop.credit_status(**order) == CreditStatus::Approved;
    assert_eq!(orders.iter().filter(approved).count(), 10);
    assert_eq!(shop.exposure("small"), (119_000, 0, 0));
    shop.verify();
    // Everybody asks again; nothing changes.
    at_once(|client| shop.act(orders[client], "check_credit", json!({})).unwrap());
    assert_eq!(shop.exposure("small"), (119_000, 0, 0));
    shop.verify();
}

#[test]
fn of_64_invoices_of_one_series_no_number_is_missing_and_none_comes_twice() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let deliveries: Vec<_> =
        (0..CLIENTS).map(|_| shop.ship(shop.order("free", &[("bolt", 1)]))).collect();
    // Every fourth client bills what does not exist any more, in the middle of the series.
    let outcomes: Vec<Result<Vec<_>, Problem>> = at_once(|client| {
        let wrong = json!({ "delivery": deliveries[0].to_string(), "item": 77 });
        let right = json!({ "delivery": deliveries[client].to_string() });
        let list = if client % 4 == 3 { vec![right, wrong] } else { vec![right] };
        shop.bill_with(json!({ "deliveries": list }))
    });
    let made: Vec<_> = outcomes.into_iter().flatten().flatten().collect();
    assert_eq!(made.len(), CLIENTS * 3 / 4);
    let mut numbers: Vec<String> = made.iter().map(|id| shop.load(*id).number()).collect();
    numbers.sort();
    let expected: Vec<String> =
        (1..=made.len()).map(|number| format!("1000-2026-{number:06}")).collect();
    assert_eq!(numbers, expected);
    shop.verify();
}

#[test]
fn of_64_clients_that_deliver_and_bill_one_order_nobody_takes_what_another_has() {
    let shop = Shop::new();
    shop.receive("bolt", 40);
    let order = shop.order("free", &[("bolt", 40)]);
    let body = json!({ "items": [{ "item": 10, "quantity": quantity("1", "PC") }] });
    let outcomes = at_once(|_| {
        let answer = shop.act(order, "deliver", body.clone())?;
        let delivery = crate::documents::id_in::<tessera_delivery::Delivery>(&answer);
        shop.try_issue(delivery)?;
        shop.bill(&[delivery])
    });
    let made: Vec<_> = outcomes.into_iter().flatten().flatten().collect();
    assert_eq!(made.len(), 40);
    assert_eq!((shop.on_hand("bolt"), shop.exposure("free")), (0, (0, 0, 40 * 1_190)));
    shop.verify();
}

#[test]
fn nothing_of_64_clients_is_posted_to_a_period_after_it_was_closed() {
    let shop = Shop::new();
    shop.receive("bolt", 1_000);
    let deliveries: Vec<_> =
        (0..CLIENTS).map(|_| shop.deliver(shop.order("free", &[("bolt", 1)]))).collect();
    let closed = at_once(|client| {
        if client == CLIENTS / 2 {
            crate::periods::close(&shop, "close", 3);
            return Some(shop.count::<JournalEntry>());
        }
        shop.try_issue(deliveries[client]).ok();
        None
    });
    let at_closing: Vec<usize> = closed.into_iter().flatten().collect();
    assert_eq!(at_closing, [shop.count::<JournalEntry>()]);
    shop.verify();
}

#[test]
fn stock_that_64_clients_receive_beside_a_change_of_its_price_is_worth_what_the_books_say() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    at_once(|client| {
        if client % 16 == 5 {
            let cents = 600 + i64::try_from(client).unwrap();
            let price = json!({ "plant": "1000", "standard_price": euros(cents) });
            shop.act(shop.product_id("bolt"), "change_standard_price", price).unwrap();
        } else {
            shop.receive("bolt", 10);
        }
    });
    let product: Stored<Product> = shop.load(shop.product_id("bolt"));
    let price = product.plants[0].standard_price.minor();
    assert_eq!(shop.on_hand("bolt"), 610);
    assert_eq!(shop.account("300000"), 610 * price);
    shop.verify();
}
