use std::sync::Barrier;

use tessera_kernel::Source::System;
use tessera_kernel::{Actor, Tx};
use tessera_stock::AvailabilityPolicy::Proposal;
use tessera_stock::{MovementDraft, StockError, post_movement, reserve};

use crate::fixture::{Fixture, PLANT, code, may, pieces};

const CLIENTS: usize = 64;

/// Runs the command from 64 threads at once; answers what came back.
fn at_once<R: Send + 'static>(
    fixture: &Fixture,
    command: impl Fn(&mut Tx<'_>) -> Result<R, StockError> + Send + Sync + Copy + 'static,
) -> Vec<Result<R, StockError>> {
    let barrier = Barrier::new(CLIENTS);
    std::thread::scope(|scope| {
        let client = || {
            barrier.wait();
            fixture.database.command(&Actor::system(System), command)
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

#[test]
fn of_64_clients_that_order_the_last_10_pieces_exactly_10_are_promised_one() {
    let fixture = Fixture::new();
    fixture.post("561", fixture.line(10)).unwrap();
    let product = fixture.product;
    let promised = at_once(&fixture, move |tx| {
        reserve(tx, product, PLANT, pieces(1), may(2), may(1), Proposal)
    });
    let served = promised.iter().filter(|outcome| !outcome.as_ref().unwrap().is_empty()).count();
    assert_eq!(served, 10);
    assert_eq!(fixture.verify(&[(may(2), 10)].into()), [""; 0]);
}

#[test]
fn of_64_clients_that_take_the_last_10_pieces_exactly_10_get_one() {
    let fixture = Fixture::new();
    fixture.post("561", fixture.line(10)).unwrap();
    let line = fixture.line(1);
    let taken = at_once(&fixture, move |tx| {
        let posted = post_movement(tx, MovementDraft::new(code("551"), may(1), vec![line]));
        posted.map(drop).map_err(StockError::without_item)
    });
    assert_eq!(taken.iter().filter(|outcome| outcome.is_ok()).count(), 10);
    let refused = |outcome: &Result<(), _>| matches!(outcome, Err(StockError::NotEnough { .. }));
    assert_eq!(taken.iter().filter(|outcome| refused(outcome)).count(), CLIENTS - 10);
    assert_eq!(fixture.on_hand(PLANT), pieces(0));
    assert_eq!(fixture.verify(&[].into()), [""; 0]);
}
