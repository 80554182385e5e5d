//! A network that duplicates requests, delays them past those that came after, and cuts connections
//! before the answer is through. The keys make all of it harmless.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::call::{Answer, Request, post, send};
use crate::database::Database;
use crate::dice::Dice;
use crate::fault::Fault;
use crate::front::Front;
use crate::site::Site;

/// Most copies of a request beside the first.
const COPIES: usize = 3;

/// Repeats what users ask.
pub(crate) struct Repeats;

impl<D: Database> Fault<D> for Repeats {
    fn name(&self) -> &'static str {
        "repeated and reordered requests"
    }

    fn strike(&self, site: &mut Site<D>, dice: &mut Dice) -> bool {
        let front = &*site.front;
        let copies = Mutex::new(Vec::new());
        at_once(front, &copies, dice);
        late(front, &copies, dice);
        let copies = copies.into_inner().unwrap();
        mixed_up(front, &copies);
        let is_hit = copies.len() > COPIES;
        copies.into_iter().for_each(|(request, answer)| front.compare_later(request, answer));
        is_hit
    }
}

/// Requests with the answers to their copies.
type Copies = Mutex<Vec<(Request, Answer)>>;

/// For a while, copies arrive beside the request itself.
fn at_once(front: &Front, copies: &Copies, dice: &mut Dice) {
    let mut known: BTreeSet<String> =
        front.latest().into_iter().map(|request| request.key).collect();
    let (start, time) = (Instant::now(), Duration::from_millis(dice.u64(20..80)));
    std::thread::scope(|scope| {
        while start.elapsed() < time {
            for request in front.latest() {
                if known.insert(request.key.clone()) {
                    for server in 0..dice.usize(1..=COPIES) {
                        let (request, is_cut) = (request.clone(), dice.u8(..4) == 0);
                        scope.spawn(move || copy(front, copies, &request, server, is_cut));
                    }
                }
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    });
}

/// Copies of the latest requests arrive once more, in another order.
fn late(front: &Front, copies: &Copies, dice: &mut Dice) {
    let mut latest = front.latest();
    dice.shuffle(&mut latest);
    std::thread::scope(|scope| {
        for (server, request) in latest.into_iter().enumerate() {
            scope.spawn(move || copy(front, copies, &request, server, false));
        }
    });
}

/// Sends a copy; where its connection is cut, nobody hears the answer.
fn copy(front: &Front, copies: &Copies, request: &Request, server: usize, is_cut: bool) {
    let Some(address) = front.address(server) else { return };
    if is_cut {
        drop(send(&address, &front.token, request));
    } else if let Some(answer) = post(&address, &front.token, request) {
        copies.lock().unwrap().push((request.clone(), answer));
    }
}

/// A key that was used is refused with another request.
fn mixed_up(front: &Front, copies: &[(Request, Answer)]) {
    let mut orders = copies.iter().filter(|(request, answer)| {
        request.path.ends_with("/sales_document") && answer.is_success()
    });
    let Some((first, _)) = orders.next() else { return };
    let Some((other, _)) = orders.find(|(request, _)| request.body != first.body) else { return };
    let request = Request { key: first.key.clone(), ..other.clone() };
    let answer = front.address(0).and_then(|address| post(&address, &front.token, &request));
    if !answer.as_ref().is_some_and(|answer| answer.body.contains("idempotency.other_request")) {
        front.complain(format!("{request:?}, whose key is another's, is answered {answer:?}"));
    }
}
