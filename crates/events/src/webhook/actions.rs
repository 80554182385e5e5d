//! Verbs of webhooks.

use serde_json::{Value, json as value};
use tessera_kernel::{
    Action, Answer, Composite as _, Form, Kind as _, NoInput, ObjectId, Problem, ProblemKind,
    Record, Ref, Rule, Stored, Tx, json,
};

use super::{Webhook, WebhookEvent, WebhookTarget, delivery, queue_name, secret};
use crate::dead_letter::{self, DeadLetter};
use crate::offset::{self, Offset};
use crate::{EventsError, EventsSettings, outbox};

/// A webhook as it is registered.
#[derive(Form)]
pub(crate) struct RegisterInput {
    /// Where.
    pub(crate) target: WebhookTarget,
    /// Which events.
    pub(crate) events: Vec<WebhookEvent>,
}

/// Which events are sent again.
#[derive(Record)]
pub(crate) struct ReplayFrom {
    /// Everything after this event; without it, the dead letters.
    pub(crate) after: Option<ObjectId>,
}

/// What is sent again.
#[derive(Form)]
pub(crate) struct ReplayInput {
    /// Where it starts.
    #[form(flatten)]
    pub(crate) from: ReplayFrom,
}

const RULES: &[Rule] = &[
    Rule { name: "address", help: "The address is that of a web server, on an allowed host." },
    Rule { name: "pattern", help: "At least one pattern of events; each fits some event." },
];

pub(crate) const ACTIONS: &[Action] = &[
    Action::on_collection(
        Webhook::NAME,
        "register",
        "Registers an address and answers its signing secret: this once.",
        RegisterInput::composite,
        RULES,
        register,
    )
    .answering(Answer::Object(Webhook::NAME))
    .telling("secret"),
    Action::on_object(
        Webhook::NAME,
        "renew_secret",
        "Replaces the signing secret and answers the new one: this once.",
        NoInput::composite,
        &[],
        renew_secret,
    )
    .telling("secret"),
    Action::on_object(
        Webhook::NAME,
        "replay",
        "Sends the dead letters again, or everything after an event.",
        ReplayInput::composite,
        &[],
        replay,
    ),
    Action::on_object(
        Webhook::NAME,
        "take_over",
        "Makes it yours: it hears of what you may read from now on, and you may change it.",
        NoInput::composite,
        &[],
        take_over,
    ),
];

fn register(tx: &mut Tx<'_>, _target: ObjectId, body: &Value) -> Result<Value, Problem> {
    tx.actor().require(Webhook::NAME, "register")?;
    let RegisterInput { target, events } = json::parse(body)?;
    let webhook = Webhook { target, events };
    check(tx, &webhook)?;
    let stored = tx.insert(webhook)?;
    let id = stored.head.id;
    let secret = secret::renew(tx, id)?;
    let from_now = tx.newest_event()?.map_or(Offset::start(), Offset::at);
    offset::store(tx, &queue_name(id), from_now)?;
    tx.emit("webhook.registered", id, &value!({ "url": stored.target.url }))?;
    let mut answer = json::stored_to_json(&stored)?;
    answer["secret"] = secret.into();
    Ok(answer)
}

fn renew_secret(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    tx.actor().require(Webhook::NAME, "renew_secret")?;
    json::parse::<NoInput>(body)?;
    let stored = tx.load(Ref::<Webhook>::new(id))?;
    require_owner(tx, &stored)?;
    Ok(value!({ "id": id.to_string(), "secret": secret::renew(tx, id)? }))
}

fn replay(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    tx.actor().require(Webhook::NAME, "replay")?;
    let ReplayInput { from } = json::parse(body)?;
    let webhook = tx.load(Ref::<Webhook>::new(id))?;
    let queue = queue_name(id);
    let letters = dead_letter::dead_letters(tx, Some(&queue))?;
    let answer = match from.after {
        Some(event) => {
            if outbox::event(tx, event)?.is_none() {
                return Err(Problem::invalid("after", format!("there is no event {event}")));
            }
            offset::store(tx, &queue, Offset::at(event))?;
            value!({ "id": id.to_string(), "after": event.to_string() })
        }
        None if letters.is_empty() => {
            return Err(EventsError::NothingToReplay(webhook.target.url.clone()).into());
        }
        None => {
            let count = letters.len();
            for letter in letters {
                dead_letter::store(tx, &DeadLetter { replay: true, ..letter })?;
            }
            value!({ "id": id.to_string(), "dead_letters": count })
        }
    };
    tx.emit("webhook.replayed", id, &answer)?;
    Ok(answer)
}

fn take_over(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    tx.actor().require(Webhook::NAME, "take_over")?;
    json::parse::<NoInput>(body)?;
    let Some(user) = tx.actor().user_id() else {
        let detail = "a webhook belongs to a user: sign in as the one who takes it over";
        return Err(Problem::new(ProblemKind::Forbidden, "webhook.no_user", detail));
    };
    tx.give(Ref::<Webhook>::new(id), Ref::new(user))?;
    tx.emit("webhook.changed", id, &value!({ "owner": user.to_string() }))?;
    Ok(value!({ "id": id.to_string(), "owner": user.to_string() }))
}

/// The generic surface's change.
pub(crate) fn change(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    body: &Value,
) -> Result<(), Problem> {
    tx.actor().require(Webhook::NAME, "change")?;
    let mut stored: Stored<Webhook> = tx.load(Ref::new(id))?;
    if let Some(version) = version {
        tx.expect_version(&stored, version)?;
    }
    require_owner(tx, &stored)?;
    stored.value = json::patch(&stored, body)?;
    check(tx, &stored.value)?;
    if tx.save(&mut stored)? {
        tx.emit("webhook.changed", id, &value!({ "active": stored.target.active }))?;
    }
    Ok(())
}

/// The generic surface's deletion: the webhook with its secret, queue, dead letters and log.
pub(crate) fn delete(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    _body: &Value,
) -> Result<(), Problem> {
    tx.actor().require(Webhook::NAME, "delete")?;
    let stored: Stored<Webhook> = tx.load(Ref::new(id))?;
    if let Some(version) = version {
        tx.expect_version(&stored, version)?;
    }
    tx.delete(&stored)?;
    secret::remove(tx, id)?;
    delivery::remove_all(tx, id)?;
    dead_letter::remove_all(tx, &queue_name(id))?;
    Ok(offset::remove(tx, &queue_name(id))?)
}

/// A webhook hears of what its owner may read: nobody else says where that goes. Whoever takes it over does, and it
/// hears of what they may read.
fn require_owner(tx: &Tx<'_>, stored: &Stored<Webhook>) -> Result<(), Problem> {
    if stored.head.owner == tx.actor().user_id() {
        return Ok(());
    }
    let detail = "this webhook hears of what its owner may read: only they change it; take it over, or register one \
                  of your own";
    Err(Problem::new(ProblemKind::Forbidden, "webhook.not_yours", detail))
}

fn check(tx: &Tx<'_>, webhook: &Webhook) -> Result<(), Problem> {
    let settings = tx.settings::<EventsSettings>()?;
    Ok(webhook.check(&settings.policy.allowed_hosts, &tx.environment().registry)?)
}
