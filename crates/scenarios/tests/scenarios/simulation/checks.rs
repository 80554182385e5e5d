//! What must hold at any moment, and at the end.

use tessera_billing::BillingDocument;
use tessera_delivery::Delivery;
use tessera_finance::{Payment, PaymentKind};
use tessera_installation::idempotency::recall;
use tessera_kernel::{Actor, Fault, Object, ObjectId, Problem, ProblemKind, Ref, Tx};
use tessera_partner::BusinessPartner;
use tessera_sales::SalesDocument;
use tessera_stock::PlannedReceipt;

use crate::play::{CUSTOMERS, Made, PRODUCTS, Play};
use crate::shop::Shop;
use crate::simulation::listener;
use crate::simulation::run::Outcome;

/// The version of an object.
pub(crate) fn version(shop: &Shop, object: &str, id: ObjectId) -> i64 {
    let get = shop.installation.db().environment().registry.object(object).unwrap().get;
    shop.read(|tx| get(tx, id))["version"].as_i64().unwrap()
}

/// An answer is kept under its key exactly if the command was kept.
pub(crate) fn recalled(shop: &Shop, actor: &Actor, key: &str, kept: bool) -> Outcome<()> {
    // Whose request it is only matters where there is an answer, and then it is another's.
    let found = shop.installation.db().read(actor, |tx| recall(tx, key, "another request"));
    let is_there = match found {
        Ok(found) => found.is_some(),
        Err(problem) => problem.code == "idempotency.other_request",
    };
    match (kept, is_there) {
        (true, false) => Err(format!("the answer of {key} was lost")),
        (false, true) => Err(format!("{key} has an answer of what was not kept")),
        _ => Ok(()),
    }
}

/// What `verify` finds.
pub(crate) fn verified(shop: &Shop) -> Outcome<()> {
    match shop.differences().as_slice() {
        [] => Ok(()),
        found => Err(format!("verify finds: {}", found.join("; "))),
    }
}

/// Commands see master data as it is stored.
pub(crate) fn cache(play: &Play) -> Outcome<()> {
    let shop = &play.shop;
    let partners = CUSTOMERS.map(|name| shop.partner(name));
    let products = PRODUCTS.map(|name| shop.product_id(name));
    let prices = PRODUCTS.map(|name| shop.price_of(name));
    let outcome = shop.run(move |tx| {
        let mut wrong = Vec::new();
        for id in partners {
            wrong.extend(differs(tx, id)?);
        }
        for id in products {
            wrong.extend(differs(tx, id)?);
        }
        for id in prices {
            wrong.extend(differs(tx, id)?);
        }
        // An error, so that looking leaves no trace.
        Err::<(), _>(Problem::new(ProblemKind::Conflict, "simulation.seen", wrong.join("; ")))
    });
    match outcome {
        Err(problem) if problem.detail.is_empty() => Ok(()),
        other => Err(format!("the cache is wrong: {other:?}")),
    }
}

fn differs<T: Object + PartialEq>(tx: &mut Tx<'_>, id: Ref<T>) -> Result<Option<String>, Fault> {
    let cached = tx.shared(id)?;
    let stored = tx.load(id)?;
    let is_same = cached.head.version == stored.head.version && cached.value == stored.value;
    Ok((!is_same).then(|| format!("{} {id} is not as commands see it", T::NAME)))
}

/// Everything that was acknowledged is there once, and nothing else.
pub(crate) fn at_the_end(play: &Play, before: &Made) -> Outcome<()> {
    let (shop, made) = (&play.shop, &play.made);
    cache(play)?;
    counted::<SalesDocument>(shop, made.orders.len())?;
    counted::<Delivery>(shop, made.deliveries.len())?;
    counted::<PlannedReceipt>(shop, made.receipts.len())?;
    paid(shop, made.payments.len())?;
    counted::<BillingDocument>(shop, made.invoices.len() + made.cancellations.len())?;
    let created = |name: &str, ids: Vec<ObjectId>| {
        let told = |id| shop.read(|tx| Ok(listener::count(tx, name, id)?));
        match ids.into_iter().find(|id| told(*id) != 1) {
            Some(id) => Err(format!("{name} of {id} was told {} times", told(id))),
            None => Ok(()),
        }
    };
    created("sales_document.created", made.orders.iter().map(|id| id.id()).collect())?;
    created("delivery.created", made.deliveries.iter().map(|id| id.id()).collect())?;
    created("planned_receipt.created", made.receipts.iter().map(|id| id.id()).collect())?;
    shop.read(|tx| Ok(listener::differences(tx)?)).map_or(Ok(()), Err)?;
    let newcomers = made.partners.len() - before.partners.len();
    let partners = shop.count::<BusinessPartner>();
    let there = partners - newcomers;
    if made.partners.iter().any(|id| shop.load(*id).head.version < 1) || there == 0 {
        return Err("a partner is not there".to_string());
    }
    Ok(())
}

/// A cancelled invoice is cleared with its cancellation, by a payment without money that nobody asked for.
fn paid(shop: &Shop, acknowledged: usize) -> Outcome<()> {
    let payments = shop.read(|tx| Ok(tx.all::<Payment>()?)).into_iter();
    let there = payments.filter(|id| shop.load(*id).header.kind != PaymentKind::Clearing).count();
    if there == acknowledged {
        return Ok(());
    }
    Err(format!("{acknowledged} payments were acknowledged, {there} are there"))
}

fn counted<T: Object>(shop: &Shop, acknowledged: usize) -> Outcome<()> {
    let there = shop.count::<T>();
    if there == acknowledged {
        return Ok(());
    }
    Err(format!("{acknowledged} of {} were acknowledged, {there} are there", T::NAME))
}
