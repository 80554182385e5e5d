use tessera_kernel::{Problem, Quantity, Tx, Unit};
use tessera_stock::AvailabilityPolicy::{Complete, OneTime, Proposal};
use tessera_stock::{Demand, ReservationMove, StockError, move_reservation, release, reserve};

use crate::fixture::{Fixture, PLANT, code, may, pieces};
use crate::planned_receipts::announce;

#[test]
fn what_stock_and_receipts_cover_is_promised_and_gone_for_others() {
    let fixture = Fixture::new();
    fixture.post("561", fixture.line(4)).unwrap();
    announce(&fixture, 6, 5);
    let promises = fixture.reserve(12, 3, Proposal).unwrap();
    let found: Vec<_> = promises.iter().map(|p| (p.date, p.quantity)).collect();
    assert_eq!(found, [(may(3), pieces(4)), (may(5), pieces(6))]);
    assert_eq!(fixture.reserve(1, 9, Proposal).unwrap(), []);
    assert!(fixture.available().iter().all(|(_, available)| available.is_zero()));
    let reserved = [(may(3), 4), (may(5), 6)].into();
    assert_eq!(fixture.verify(&reserved), [""; 0]);
}

#[test]
fn a_check_promises_the_same_and_reserves_nothing() {
    let fixture = Fixture::new();
    fixture.post("561", fixture.line(4)).unwrap();
    let product = fixture.product;
    let ask = move |tx: &mut Tx<'_>| {
        tessera_stock::check(tx, product, PLANT, pieces(4), may(2), may(1), OneTime)
    };
    let first = fixture.run(ask).unwrap();
    assert_eq!(first, fixture.run(ask).unwrap());
    assert_eq!(first.len(), 1);
    assert_eq!(fixture.verify(&[].into()), [""; 0]);
}

#[test]
fn a_product_without_a_check_is_promised_in_full() {
    let fixture = Fixture::new();
    let product = fixture.unchecked;
    let promises = fixture
        .run(move |tx| reserve(tx, product, PLANT, pieces(1_000), may(1), may(4), Complete))
        .unwrap();
    assert_eq!((promises[0].date, promises[0].quantity), (may(4), pieces(1_000)));
}

#[test]
fn nobody_is_promised_half_a_box() {
    let fixture = Fixture::new();
    fixture.post("561", fixture.line(10)).unwrap();
    let demand = Demand {
        product: fixture.product,
        plant: PLANT,
        quantity: pieces(18),
        requested: may(1),
        today: may(1),
        policy: Proposal,
        multiple: Some(pieces(6)),
    };
    let promises = fixture.run(move |tx| demand.reserve(tx)).unwrap();
    assert_eq!(promises[0].quantity, pieces(6));
    assert_eq!(promises.len(), 1);
}

#[test]
fn what_is_released_can_be_promised_again_but_no_more_than_is_reserved() {
    let fixture = Fixture::new();
    fixture.post("561", fixture.line(4)).unwrap();
    fixture.reserve(4, 2, Proposal).unwrap();
    let product = fixture.product;
    let give =
        move |count| move |tx: &mut Tx<'_>| release(tx, product, PLANT, may(2), pieces(count));
    let error = fixture.run(give(5)).unwrap_err();
    assert!(error.to_string().contains("4 PC of product SCREW is reserved"), "{error}");
    fixture.run(give(3)).unwrap();
    assert_eq!(fixture.reserve(9, 2, OneTime).unwrap()[0].quantity, pieces(3));
}

#[test]
fn a_reservation_moves_forward_freely_and_back_only_where_nobody_loses() {
    let fixture = Fixture::new();
    fixture.post("561", fixture.line(10)).unwrap();
    announce(&fixture, 10, 9);
    fixture.reserve(8, 5, Proposal).unwrap();
    fixture.reserve(10, 9, Complete).unwrap();
    let product = fixture.product;
    let shift = move |count, from, to| {
        let movement = ReservationMove {
            product,
            plant: PLANT,
            quantity: pieces(count),
            from: may(from),
            to: may(to),
            today: may(1),
        };
        move |tx: &mut Tx<'_>| move_reservation(tx, &movement)
    };
    let error = fixture.run(shift(3, 9, 2)).unwrap_err();
    assert!(matches!(error, StockError::NotCovered { available, .. } if available == pieces(2)));
    fixture.run(shift(2, 9, 2)).unwrap();
    fixture.run(shift(2, 2, 20)).unwrap();
    let reserved = [(may(5), 8), (may(9), 8), (may(20), 2)].into();
    assert_eq!(fixture.verify(&reserved), [""; 0]);
}

#[test]
fn wrong_units_plants_and_quantities_are_refused() {
    let fixture = Fixture::new();
    let product = fixture.product;
    let refused = |plant: &'static str, quantity| {
        let ask = move |tx: &mut Tx<'_>| {
            reserve(tx, product, code(plant), quantity, may(1), may(1), Proposal)
        };
        Problem::from(fixture.run(ask).unwrap_err()).code
    };
    assert_eq!(refused("9999", pieces(1)), "stock.not_in_plant");
    assert_eq!(refused("1000", pieces(0)), "stock.not_positive");
    let boxes = Quantity::of(1, Unit::BOX);
    assert_eq!(refused("1000", boxes), "stock.not_base_unit");
}
