//! What must be true after a fault, when every request was answered: what was acknowledged is there
//! exactly once, with the answer that was given; nothing else is there; every aggregate agrees.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tessera_billing::BillingDocument;
use tessera_delivery::{Delivery, DeliveryStatus, GoodsIssueStatus};
use tessera_installation::{Installation, Options};
use tessera_kernel::{Actor, Object, Problem, Source, Tx};
use tessera_partner::BusinessPartner;
use tessera_sales::SalesDocument;
use tessera_stock::GoodsMovement;

use crate::call::{Answer, Request, post};
use crate::front::Front;
use crate::server::tessera;
use crate::users::{Heard, Made};

/// The objects that are there, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct There {
    partners: BTreeSet<String>,
    orders: BTreeSet<String>,
    deliveries: BTreeSet<String>,
    /// Deliveries whose goods have gone out.
    issued: BTreeSet<String>,
    invoices: BTreeSet<String>,
    movements: usize,
}

impl There {
    /// What a database holds, read from it directly.
    pub(crate) fn of(url: &str) -> Self {
        let installation = Installation::open(Options::reading(url)).unwrap();
        let actor = Actor::system(Source::System);
        installation.db().read(&actor, Self::read).unwrap()
    }

    fn read(tx: &mut Tx<'_>) -> Result<Self, Problem> {
        let mut issued = BTreeSet::new();
        for delivery in tx.all::<Delivery>()? {
            let status: DeliveryStatus = tx.segment_one(delivery.id())?;
            if status.goods_issue_status == GoodsIssueStatus::Posted {
                issued.insert(delivery.id().to_string());
            }
        }
        Ok(Self {
            partners: ids::<BusinessPartner>(tx)?,
            orders: ids::<SalesDocument>(tx)?,
            deliveries: ids::<Delivery>(tx)?,
            issued,
            invoices: ids::<BillingDocument>(tx)?,
            movements: tx.all::<GoodsMovement>()?.len(),
        })
    }

    fn of_kind(&self, made: Made) -> &BTreeSet<String> {
        match made {
            Made::Partner => &self.partners,
            Made::Order => &self.orders,
            Made::Delivery => &self.deliveries,
            Made::GoodsIssue => &self.issued,
            Made::Invoice => &self.invoices,
        }
    }
}

fn ids<T: Object>(tx: &mut Tx<'_>) -> Result<BTreeSet<String>, Problem> {
    Ok(tx.all::<T>()?.into_iter().map(|id| id.id().to_string()).collect())
}

/// Everything that was acknowledged is there, once, and nothing else came since `before`.
///
/// # Errors
///
/// What is lost, and what is there although nobody was told of it: done twice.
pub(crate) fn there_once<'h>(
    before: &There,
    now: &There,
    heard: impl Iterator<Item = &'h Heard> + Clone,
) -> Result<(), String> {
    for made in [Made::Partner, Made::Order, Made::Delivery, Made::GoodsIssue, Made::Invoice] {
        let mut expected = before.of_kind(made).clone();
        for heard in heard.clone().filter(|heard| heard.made == made) {
            if !expected.insert(heard.id.clone()) {
                return Err(format!("{made:?} {} was told twice: {heard:?}", heard.id));
            }
        }
        let there = now.of_kind(made);
        if let Some(id) = expected.difference(there).next() {
            let key = heard.clone().find(|heard| heard.id == *id).map(|heard| &heard.request.key);
            return Err(format!("lost: {made:?} {id} was acknowledged ({key:?}) and is gone"));
        }
        if let Some(id) = there.difference(&expected).next() {
            return Err(format!("duplicated: {made:?} {id} is there, and nobody was told of it"));
        }
    }
    let posted = heard.filter(|heard| heard.made == Made::GoodsIssue).count();
    let movements = now.movements - before.movements;
    if movements != posted {
        return Err(format!("{posted} goods issues were acknowledged, {movements} movements made"));
    }
    Ok(())
}

/// A request that is repeated with its key gets the answer that was given, and is not done again.
///
/// # Errors
///
/// The answer that differs.
pub(crate) fn answered_again<'h>(
    front: &Front,
    heard: impl Iterator<Item = &'h Heard>,
) -> Result<(), String> {
    for Heard { request, answer, .. } in heard {
        let address = front.address(0).ok_or("no server is there")?;
        let again = post(&address, &front.token, request);
        let same = again.as_ref().is_some_and(|again| {
            again.status == answer.status && again.is_replayed && again.json() == answer.json()
        });
        if !same {
            return Err(format!("{request:?} was answered {answer:?} and is now {again:?}"));
        }
    }
    Ok(())
}

/// Copies of requests were answered as the users were, wherever they were done.
///
/// # Errors
///
/// The answer that differs.
pub(crate) fn answered_alike<'h>(
    copies: Vec<(Request, Answer)>,
    heard: impl Iterator<Item = &'h Heard>,
) -> Result<(), String> {
    let given: BTreeMap<&str, &Answer> =
        heard.map(|heard| (heard.request.key.as_str(), &heard.answer)).collect();
    for (request, copy) in copies.into_iter().filter(|(_, copy)| copy.is_success()) {
        let answer = given.get(request.key.as_str());
        if !answer.is_some_and(|answer| answer.json() == copy.json()) {
            return Err(format!("{request:?} was answered {answer:?}, its copy {copy:?}"));
        }
    }
    Ok(())
}

/// `tessera verify` compares something and finds no difference.
///
/// # Errors
///
/// What it finds.
pub(crate) fn verified(url: &str) -> Result<(), String> {
    let output = tessera().args(["verify", "--json", "--db", url]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let compared = report["compared"].as_object().is_some_and(|checks| !checks.is_empty());
    if output.status.success() && compared && report["ok"] == Value::Bool(true) {
        return Ok(());
    }
    Err(format!("verify says {report} {}", String::from_utf8_lossy(&output.stderr)))
}
