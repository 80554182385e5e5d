use std::collections::HashMap;

use proptest::prelude::*;
use tessera_kernel::{Date, Quantity, Ref, Tx};
use tessera_stock::AvailabilityPolicy::{Complete, OneTime, Proposal};
use tessera_stock::{
    AvailabilityPolicy, GoodsMovement, MovementLine, PlannedReceipt, PlannedReceiptChange,
    ReservationMove, cancel_planned_receipt, change_planned_receipt, move_reservation,
    receive_planned_receipt, release, reverse_movement,
};

use crate::fixture::{Fixture, PLANT, may, pieces};
use crate::planned_receipts::{announce, arrived};

#[derive(Clone, Debug)]
enum Step {
    Receive(i64),
    Reserve(i64, i8, AvailabilityPolicy),
    Release(usize),
    Issue(usize),
    Announce(i64, i8),
    Arrive(usize, i64),
    Move(usize, i8),
    /// From here on steps that may leave promises without cover.
    WriteOff(i64),
    Change(usize, i64, i8),
    Cancel(usize),
    Reverse(usize),
}

fn steady() -> impl Strategy<Value = Step> {
    let policy = prop::sample::select(vec![Proposal, Complete, OneTime]);
    prop_oneof![
        (1..20_i64).prop_map(Step::Receive),
        (1..15_i64, 1..12_i8, policy).prop_map(|(q, d, p)| Step::Reserve(q, d, p)),
        any::<usize>().prop_map(Step::Release),
        any::<usize>().prop_map(Step::Issue),
        (1..20_i64, 1..12_i8).prop_map(|(q, d)| Step::Announce(q, d)),
        (any::<usize>(), 1..25_i64).prop_map(|(n, q)| Step::Arrive(n, q)),
        (any::<usize>(), 1..15_i8).prop_map(|(n, d)| Step::Move(n, d)),
    ]
}

fn unsteady() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => steady(),
        1 => (1..10_i64).prop_map(Step::WriteOff),
        1 => (any::<usize>(), 1..30_i64, 1..12_i8).prop_map(|(n, q, d)| Step::Change(n, q, d)),
        1 => any::<usize>().prop_map(Step::Cancel),
        1 => any::<usize>().prop_map(Step::Reverse),
    ]
}

/// A day and a count of pieces.
type Reservation = (Date, i64);

/// A database with what the test knows of its documents.
struct Model {
    fixture: Fixture,
    reservations: Vec<Reservation>,
    receipts: Vec<Ref<PlannedReceipt>>,
    movements: Vec<(Ref<GoodsMovement>, Option<Reservation>)>,
}

impl Model {
    fn new() -> Self {
        let fixture = Fixture::new();
        Self { fixture, reservations: vec![], receipts: vec![], movements: vec![] }
    }

    fn reserved(&self) -> HashMap<Date, i64> {
        let mut reserved = HashMap::new();
        for (date, count) in &self.reservations {
            *reserved.entry(*date).or_default() += count;
        }
        reserved
    }

    fn least_available(&self) -> Quantity {
        let available = self.fixture.available().into_iter().map(|(_, available)| available);
        available.min_by_key(Quantity::value).unwrap()
    }

    fn post(&mut self, movement_type: &str, line: MovementLine, used: Option<Reservation>) -> bool {
        let posted = self.fixture.post(movement_type, line);
        self.movements.extend(posted.as_ref().ok().map(|id| (*id, used)));
        posted.is_ok()
    }

    fn reserve(&mut self, count: i64, day: i8, policy: AvailabilityPolicy) {
        let promises = self.fixture.reserve(count, day, policy).unwrap();
        for promise in promises {
            let count = i64::try_from(promise.quantity.value()).unwrap();
            self.reservations.push((promise.date, count));
        }
    }

    /// Goods leave today; where they are promised for later, the promise comes forward first.
    fn issue(&mut self, position: usize) {
        let (date, count) = self.reservations[position];
        if self.bring(position, 1) {
            let line = MovementLine { reservation_date: Some(may(1)), ..self.fixture.line(count) };
            if self.post("601", line, Some((may(1), count))) {
                self.reservations.swap_remove(position);
            }
        } else {
            assert!(date > may(1));
        }
    }

    fn bring(&mut self, position: usize, day: i8) -> bool {
        let (from, count) = self.reservations[position];
        let movement = ReservationMove {
            product: self.fixture.product,
            plant: PLANT,
            quantity: pieces(count),
            from,
            to: may(day),
            today: may(1),
        };
        let moved = self.fixture.run(move |tx| move_reservation(tx, &movement)).is_ok();
        if moved {
            self.reservations[position].0 = may(day);
        }
        moved
    }

    fn take_steady(&mut self, step: &Step) {
        match *step {
            Step::Receive(count) => {
                self.post("101", self.fixture.line(count), None);
            }
            Step::Reserve(count, day, policy) => self.reserve(count, day, policy),
            Step::Release(n) if !self.reservations.is_empty() => {
                let (date, count) = self.reservations.swap_remove(n % self.reservations.len());
                let product = self.fixture.product;
                let give = move |tx: &mut Tx<'_>| release(tx, product, PLANT, date, pieces(count));
                self.fixture.run(give).unwrap();
            }
            Step::Issue(n) if !self.reservations.is_empty() => {
                self.issue(n % self.reservations.len());
            }
            Step::Announce(count, day) => self.receipts.push(announce(&self.fixture, count, day)),
            Step::Arrive(n, count) if !self.receipts.is_empty() => {
                let id = self.receipts[n % self.receipts.len()];
                let receive = move |tx: &mut Tx<'_>| {
                    Ok(receive_planned_receipt(tx, id, arrived(Some(count)))?.id())
                };
                let movement = self.fixture.run(receive);
                self.movements.extend(movement.ok().map(|id| (id, None)));
            }
            Step::Move(n, day) if !self.reservations.is_empty() => {
                self.bring(n % self.reservations.len(), day);
            }
            _ => {}
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::WriteOff(count) => {
                self.post("551", self.fixture.line(count), None);
            }
            Step::Change(n, count, day) if !self.receipts.is_empty() => {
                let id = self.receipts[n % self.receipts.len()];
                let change =
                    PlannedReceiptChange { date: Some(may(day)), quantity: Some(pieces(count)) };
                let _ =
                    self.fixture.run(move |tx| change_planned_receipt(tx, id, &change).map(drop));
            }
            Step::Cancel(n) if !self.receipts.is_empty() => {
                let id = self.receipts[n % self.receipts.len()];
                let _ = self.fixture.run(move |tx| cancel_planned_receipt(tx, id).map(drop));
            }
            Step::Reverse(n) if !self.movements.is_empty() => {
                let (id, used) = self.movements[n % self.movements.len()];
                let reversed =
                    self.fixture.run(move |tx| reverse_movement(tx, id, may(1)).map(drop));
                self.reservations.extend(used.filter(|_| reversed.is_ok()));
            }
            _ => self.take_steady(step),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_is_promised_beyond_supply_on_any_day(
        steps in prop::collection::vec(steady(), 1..40),
    ) {
        let mut model = Model::new();
        for step in &steps {
            model.take_steady(step);
            prop_assert!(!model.least_available().is_negative(), "after {:?}", step);
        }
        prop_assert_eq!(model.fixture.verify(&model.reserved()), Vec::<String>::new());
    }

    #[test]
    fn after_any_steps_every_balance_equals_its_documents(
        steps in prop::collection::vec(unsteady(), 1..40),
    ) {
        let mut model = Model::new();
        for step in &steps {
            model.take(step);
            let differences = model.fixture.verify(&model.reserved());
            prop_assert_eq!(differences, Vec::<String>::new(), "after {:?}", step);
        }
    }
}
