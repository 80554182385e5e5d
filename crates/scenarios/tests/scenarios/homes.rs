//! Where the rows of a business lie: what a command writes and reads is in one or two buckets, so on one
//! or two nodes of a sharded server.

use crate::shop::Shop;

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

#[test]
fn each_command_from_order_to_payment_has_to_do_with_two_buckets_at_most() {
    let shop = Shop::new();
    if !shop.installation.db().store().is_shared() {
        return println!("skipped: an engine within the program keeps everything in one place");
    }
    shop.receive("bolt", 100);
    // Blocks of numbers are drawn: once for many documents, from a third bucket.
    let first = shop.deliver(shop.order("acme", &[("bolt", 4)]));
    shop.issue(first);
    let first = shop.invoice(first);
    shop.pay("acme", 4_760, &[first]);
    let (order, ordered) = step(&shop, "order", || shop.order("acme", &[("bolt", 4)]));
    let (delivery, delivered) = step(&shop, "delivery", || shop.deliver(order));
    let ((), issued) = step(&shop, "goods issue", || shop.issue(delivery));
    let (invoice, billed) = step(&shop, "invoice", || shop.invoice(delivery));
    let (_, paid) = step(&shop, "payment", || shop.pay("acme", 4_760, &[invoice]));
    assert_eq!([ordered, delivered, issued, billed, paid], [0; 5]);
    shop.verify();
}
