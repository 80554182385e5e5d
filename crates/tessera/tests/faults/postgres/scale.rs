//! One, two and four servers on one database, and no fault at all.

use std::time::{Duration, Instant};

use super::cluster::{Cluster, Template};
use crate::campaign::{Operation, say};
use crate::dice::dice;
use crate::users::Reaction;

/// Requests of each user, by how much of the campaign is asked for.
const REQUESTS: [usize; 2] = [12, 120];

/// Lets users work at so many servers; answers how many requests were answered, and the time that took.
fn work(template: &Template, servers: usize) -> (usize, Duration) {
    let mut dice = dice("scale", servers);
    let mut operation = Operation::start(Cluster::alone(template, servers), &mut dice);
    let front = operation.site.front.clone();
    let wanted =
        REQUESTS[usize::from(std::env::var("TESSERA_FAULTS").is_ok_and(|all| all == "all"))];
    let start = Instant::now();
    std::thread::scope(|scope| {
        for user in &mut operation.users {
            let front = &*front;
            scope.spawn(move || {
                for _ in 0..wanted {
                    // No answer but a success is allowed.
                    user.step(front, &|_| Reaction::Complain).unwrap();
                }
            });
        }
    });
    let time = start.elapsed();
    let heard: Vec<_> = operation.users.iter().flat_map(|user| &user.heard).collect();
    assert!(heard.iter().all(|heard| !heard.answer.is_replayed), "a request was sent twice");
    operation.checked().unwrap();
    (heard.len(), time)
}

/// Does so with one, two and four servers, and says how fast they were.
pub(super) fn one_two_and_four(template: &Template) {
    for servers in [1, 2, 4] {
        let (requests, time) = work(template, servers);
        let rate = requests * 1_000 / usize::try_from(time.as_millis().max(1)).unwrap();
        say(format!("{servers} servers: {requests} requests, {rate} a second\n"));
    }
}
