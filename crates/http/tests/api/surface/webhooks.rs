//! What webhooks are sent, by the rights of whom they belong to.

use std::sync::Arc;

use tessera_events::told;
use tessera_kernel::{Access, Actor, Event, Fault, OUTBOX, ObjectId, Select, Source};

use super::world::World;

/// Everything that happened as a webhook of each role hears it: what it tells of secrets. And how many events were
/// told to whom.
pub(super) fn walk(world: &World) -> (Vec<String>, Vec<(&'static str, usize)>) {
    let db = world.server.installation.db();
    let mut events = Vec::new();
    let read = db.read(&Actor::system(Source::System), |tx| {
        tx.select(&Select::all(&OUTBOX), &mut |row| {
            events.push(Event::read(row)?);
            Ok(())
        })
    });
    read.unwrap();
    let (mut found, mut counts) = (Vec::new(), Vec::new());
    for seat in &world.seats {
        let user: ObjectId = seat.user.parse().unwrap();
        let actor = Actor::with_access(seat.role, Source::System, Arc::new(Access::unknown(user)));
        let bodies = db.read(&actor, |tx| {
            let told = events.iter().filter_map(|event| told(tx, event).transpose());
            told.map(|event| Ok::<_, Fault>(event?.body())).collect::<Result<Vec<String>, _>>()
        });
        let bodies = bodies.unwrap();
        counts.push((seat.role, bodies.len()));
        for body in bodies {
            let secrets = seat.secrets.told(&body, "");
            if !secrets.is_empty() {
                found.push(format!("{} webhook tells {secrets:?}: {body}", seat.role));
            }
        }
    }
    (found, counts)
}
