//! Where the rows of a business lie: what a command writes and reads is in one or two buckets, so on one
//! or two nodes of a sharded server, and each of its statements goes to one node.

use std::sync::{Arc, Mutex};

use crate::shop::Shop;
use crate::world::World;

/// What commands asked for: how many were kept by their number of buckets (none, one, two, more), and how
/// many statements did not say the bucket.
#[derive(Debug, PartialEq, Eq)]
struct Reach {
    commands: [u64; 4],
    scattered: u64,
}

fn reach(shop: &Shop) -> Reach {
    let statistics = shop.installation.db().store().statistics();
    Reach { commands: statistics.buckets, scattered: statistics.scattered }
}

/// A step of the business, which is one command.
fn step<R>(shop: &Shop, what: &str, run: impl FnOnce() -> R) -> (R, u64) {
    let before = reach(shop);
    let answer = run();
    let after = reach(shop);
    let kept = |at: usize| after.commands[at] - before.commands[at];
    let counts = [0, 1, 2, 3].map(kept);
    let scattered = after.scattered - before.scattered;
    println!("{what}: commands by buckets {counts:?}, statements without one {scattered}");
    assert_eq!(counts.iter().sum::<u64>(), 1, "{what} is one command");
    assert_eq!(counts[3], 0, "{what} has to do with more than two buckets");
    (answer, scattered)
}

/// Makes everything that is made once for many documents.
fn first_cycle(shop: &Shop) {
    shop.receive("bolt", 100);
    let first = shop.deliver(shop.order("acme", &[("bolt", 4)]));
    shop.issue(first);
    let first = shop.invoice(first);
    shop.pay("acme", 4_760, &[first]);
}

#[test]
fn each_command_from_order_to_payment_has_to_do_with_two_buckets_at_most() {
    let shop = Shop::new();
    if !shop.installation.db().store().is_shared() {
        return println!("skipped: an engine within the program keeps everything in one place");
    }
    first_cycle(&shop);
    let (order, ordered) = step(&shop, "order", || shop.order("acme", &[("bolt", 4)]));
    let (delivery, delivered) = step(&shop, "delivery", || shop.deliver(order));
    let ((), issued) = step(&shop, "goods issue", || shop.issue(delivery));
    let (invoice, billed) = step(&shop, "invoice", || shop.invoice(delivery));
    let (_, paid) = step(&shop, "payment", || shop.pay("acme", 4_760, &[invoice]));
    assert_eq!([ordered, delivered, issued, billed, paid], [0; 5]);
    shop.verify();
}

/// How often a text stands in another.
fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

/// Whether a cluster sends a statement to one node: it inserts values, or names the bucket of each spread table that
/// it is about.
fn goes_to_one_node(sql: &str, spread: &[String]) -> bool {
    let about = |table: &String| -> usize {
        let named = |word| count(sql, &format!("{word} \"{table}\""));
        ["FROM", "JOIN", "UPDATE", "INTO"].map(named).iter().sum()
    };
    let tables: usize = spread.iter().map(about).sum();
    let inserts_values = sql.starts_with("INSERT INTO") && sql.contains(" VALUES ($1");
    let named = count(sql, "\"bucket\" = $");
    if inserts_values { tables == 1 } else { tables == named }
}

#[test]
fn on_a_cluster_each_statement_from_order_to_payment_goes_to_one_node() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hear = told.clone();
    let listener = Arc::new(move |sql: &str| hear.lock().unwrap().push(sql.to_string()));
    let Some(world) = World::on_a_cluster(listener) else { return };
    let shop = Shop::in_world(world);
    let by_bucket =
        "SELECT logicalrelid::text FROM citus.pg_dist_partition WHERE partkey = 'bucket'";
    let spread = shop.texts(by_bucket);
    first_cycle(&shop);
    told.lock().unwrap().clear();
    // The second cycle, and one more with what else is done to its documents.
    let order = shop.order("acme", &[("bolt", 4), ("nut", 2)]);
    let delivery = shop.deliver(order);
    shop.issue(delivery);
    let invoice = shop.invoice(delivery);
    shop.pay("acme", 4_760, &[invoice]);
    let statements = std::mem::take(&mut *told.lock().unwrap());
    let about_spread =
        |sql: &&String| spread.iter().any(|table| sql.contains(&format!("\"{table}\"")));
    assert!(statements.iter().filter(about_spread).count() > 50, "{}", statements.len());
    let mut scattered: Vec<&String> =
        statements.iter().filter(|sql| !goes_to_one_node(sql, &spread)).collect();
    scattered.sort();
    scattered.dedup();
    // Whoever pays an invoice looks its open item up in a list first, which asks every node.
    let search = "SELECT \"id\" FROM \"receivable\" WHERE \"document\" = $1 ORDER BY \"id\"";
    assert_eq!(scattered, [search]);
    shop.verify();
}
