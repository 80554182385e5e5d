//! What webhooks are sent, by the rights of whom they belong to.

use std::sync::Arc;

use tessera_events::told;
use tessera_kernel::{Access, Actor, Event, Fault, OUTBOX, ObjectId, Select, Source};

use super::world::{Seat, World};

/// Everything that happened as a webhook of somebody hears it: what it tells of secrets. And how many events were told.
///
/// `planted` is a webhook that forgets whom it tells: it tells what an administrator may read.
pub(super) fn walk(world: &World, seat: &Seat, planted: bool) -> (Vec<String>, usize) {
    let db = world.server.installation.db();
    let mut events = Vec::new();
    let read = db.read(&Actor::system(Source::System), |tx| {
        tx.select(&Select::all(&OUTBOX), &mut |row| {
            events.push(Event::read(row)?);
            Ok(())
        })
    });
    read.unwrap();
    let user: ObjectId = seat.user.parse().unwrap();
    let actor = match planted {
        true => Actor::system(Source::System),
        false => Actor::with_access(seat.role, Source::System, Arc::new(Access::unknown(user))),
    };
    let bodies = db.read(&actor, |tx| {
        let told = events.iter().filter_map(|event| told(tx, event).transpose());
        told.map(|event| Ok::<_, Fault>(event?.body())).collect::<Result<Vec<String>, _>>()
    });
    let bodies = bodies.unwrap();
    let mut found = Vec::new();
    for body in &bodies {
        let secrets = seat.secrets.told(body, "");
        if !secrets.is_empty() {
            found.push(format!("{} webhook tells {secrets:?}: {body}", seat.role));
        }
    }
    (found, bodies.len())
}
