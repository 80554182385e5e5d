use std::sync::Barrier;

use tessera_credit::commit_order;
use tessera_kernel::{Actor, Source, Tx};

use crate::fixture::{AREA, Fixture, euro, terms};

#[test]
fn orders_of_64_clients_at_once_never_exceed_the_limit() {
    let fixture = Fixture::new();
    let payer = fixture.payer(&[terms(Some(1_000), "LOW")]);
    let barrier = Barrier::new(64);
    let approved = std::thread::scope(|scope| {
        let client = || {
            barrier.wait();
            let order = move |tx: &mut Tx<'_>| commit_order(tx, AREA, payer, euro(99));
            fixture.database.command(&Actor::system(Source::System), order).unwrap().is_approved()
        };
        let clients: Vec<_> = (0..64).map(|_| scope.spawn(client)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).filter(|a| *a).count()
    });
    assert_eq!(approved, 10);
    assert_eq!(fixture.standing(payer).available, Some(euro(10)));
    assert_eq!(fixture.verify(&[(payer, [99_000, 0, 0])].into()), [""; 0]);
}
