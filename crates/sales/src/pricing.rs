//! Prices of sales documents: found anew, taken over, or kept.

use tessera_kernel::{Code, Money, Tx};
use tessera_partner::PartnerSalesArea;
use tessera_pricing::{
    ManualCondition as Manual, Priced, PricingCondition, PricingSettings, ProcedureKey,
    ProcedureStep, Totals,
};

use crate::customizing::{BillingRelevance, DocumentType};
use crate::draft::{ManualCondition, SalesChange};
use crate::manual::{self, entered};
use crate::pricing_request::{convert, request};
use crate::reference::Source;
use crate::resolve::Area;
use crate::take::Taking;
use crate::takeover::{self, Taker};
use crate::{SalesDocument, SalesError, SalesSettings};

/// The pricing procedure of a document: the document type's own, or the one that customizing
/// determines.
pub(crate) fn procedure(
    tx: &Tx<'_>,
    document_type: &DocumentType,
    area: Area,
    terms: &PartnerSalesArea,
) -> Result<Code, SalesError> {
    if let Some(procedure) = document_type.pricing_procedure {
        return Ok(procedure);
    }
    let key = ProcedureKey {
        sales_organisation: area.organisation,
        distribution_channel: area.channel,
        division: area.division,
        document_class: None,
        customer_class: terms.pricing_procedure_class,
    };
    Ok(tx.settings::<PricingSettings>()?.procedure(&key)?)
}

/// Prices a new document. Items made with reference keep the conditions of their source, in
/// proportion; where conditions were entered, or the source is incomplete, they keep what was
/// entered there and its price, and the rest is found anew.
pub(crate) fn price(
    tx: &mut Tx<'_>,
    document: &mut SalesDocument,
    manual: &[ManualCondition],
    source: Option<&Taking>,
) -> Result<(), SalesError> {
    manual::check(tx, document, manual)?;
    let header = entered(manual, None);
    let (mut conditions, mut former) = (Vec::new(), Vec::new());
    let mut fresh = Vec::new();
    for item in &document.items {
        let copied = match source {
            Some(source) => {
                let taker = Taker { document, stored: None };
                takeover::conditions(tx, source, taker, item, &conditions)?
            }
            None => None,
        };
        let own = manual.iter().any(|manual| manual.item == Some(item.item));
        let complete = source.is_some_and(|source| !source.document.status.incomplete);
        match copied {
            Some(copied) if header.is_empty() && !own && complete => conditions.extend(copied),
            copied => {
                former.extend(copied.into_iter().flatten());
                fresh.push(item.item);
            }
        }
    }
    let keep = Keep { former: &former, kind: Kept::Agreed, manual };
    run(tx, document, &keep, &fresh, conditions)
}

/// Prices a changed document: the `items` that changed so that their price may differ, and those
/// that conditions were entered for; every item where the document changed so (`all`), or where
/// the items can only be priced together. An item that took its conditions over keeps them, in
/// proportion to its quantity. What was entered by hand stays, unless new pricing is asked for.
pub(crate) fn reprice(
    tx: &mut Tx<'_>,
    document: &mut SalesDocument,
    stored: takeover::Stored<'_>,
    change: &SalesChange,
    (all, items): (bool, &[u32]),
    source: &mut Source,
) -> Result<(), SalesError> {
    manual::check(tx, document, &change.conditions)?;
    let all_kept = if all { Kept::Entered } else { Kept::Agreed };
    let kind = if change.header.new_pricing { Kept::Nothing } else { all_kept };
    let all = all || change.conditions.iter().any(|condition| condition.item.is_none());
    let former = std::mem::take(&mut document.conditions);
    let keep = Keep { former: &former, kind, manual: &change.conditions };
    let is_copied = |item: u32| {
        let mut rows = former.iter().filter(|row| row.item == item).peekable();
        rows.peek().is_some() && rows.all(|row| row.origin.is_copied())
    };
    let mut conditions: Vec<PricingCondition> = Vec::new();
    let (mut fresh, mut others) = (Vec::new(), Vec::new());
    for item in &document.items {
        let number = item.item;
        let entered = change.conditions.iter().any(|manual| manual.item == Some(number));
        if all || entered {
            fresh.push(number);
            continue;
        }
        let changed = items.contains(&number);
        let moved = stored.document.item(number).is_none_or(|old| old.plant != item.plant);
        if changed && (moved || !is_copied(number)) {
            fresh.push(number);
        } else if changed {
            let taker = Taker { document, stored: Some(stored) };
            let source = source.get(tx)?;
            conditions.extend(takeover::rescale(tx, source, taker, item, &former, &conditions)?);
        } else {
            conditions.extend(former.iter().filter(|row| row.item == number).cloned());
            others.extend((!is_copied(number)).then_some(number));
        }
    }
    let settings = tx.settings::<PricingSettings>()?;
    let incomplete = document.status.incomplete && !fresh.is_empty();
    let mut together =
        incomplete || settings.are_tied(tx, &rows_of(&former, &[&fresh[..], &others].concat()))?;
    if !together {
        run(tx, document, &keep, &fresh, conditions.clone())?;
        let found = rows_of(&document.conditions, &fresh);
        together = !others.is_empty() && settings.are_tied(tx, &found)?;
    }
    if together {
        conditions.retain(|row| !others.contains(&row.item));
        fresh.extend(others);
        run(tx, document, &keep, &fresh, conditions)?;
    }
    Ok(())
}

fn rows_of(rows: &[PricingCondition], items: &[u32]) -> Vec<PricingCondition> {
    rows.iter().filter(|row| items.contains(&row.item)).cloned().collect()
}

/// What of conditions stays when their items are priced again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// Nothing.
    Nothing,
    /// What was entered.
    Entered,
    /// What was entered, and prices that were taken over.
    Agreed,
}

/// What was entered: formerly, as far as it stays, and now.
struct Keep<'k> {
    former: &'k [PricingCondition],
    kind: Kept,
    manual: &'k [ManualCondition],
}

impl Keep<'_> {
    /// What holds for the whole document when the `fresh` items are priced.
    fn of_header(&self, settings: &PricingSettings, fresh: &[u32], procedure: Code) -> Vec<Manual> {
        let former = match self.kind {
            Kept::Nothing => Vec::new(),
            _ => settings.manual_of_header(self.former, |item| fresh.contains(&item)),
        };
        self.with_new(settings, former, None, procedure)
    }

    fn of_item(&self, settings: &PricingSettings, item: u32, procedure: Code) -> Vec<Manual> {
        let former = match self.kind {
            Kept::Nothing => Vec::new(),
            Kept::Entered => settings.manual_of_item(self.former, item),
            Kept::Agreed => settings.agreed_of_item(self.former, item),
        };
        self.with_new(settings, former, Some(item), procedure)
    }

    /// What was entered now takes the place of what was; what the procedure does not know came
    /// from a document with another one, and goes.
    fn with_new(
        &self,
        settings: &PricingSettings,
        mut kept: Vec<Manual>,
        item: Option<u32>,
        procedure: Code,
    ) -> Vec<Manual> {
        let new = entered(self.manual, item);
        let steps = settings.procedures.get(procedure).map(|procedure| &procedure.steps);
        kept.retain(|old| {
            let known = |steps: &Vec<ProcedureStep>| {
                steps.iter().any(|step| step.condition_type == Some(old.condition_type))
            };
            steps.is_some_and(known)
                && !new.iter().any(|new| new.condition_type == old.condition_type)
        });
        kept.extend(new);
        kept
    }
}

/// Prices the `fresh` items, adds the conditions of the others, and writes values and totals
/// into the document.
fn run(
    tx: &mut Tx<'_>,
    document: &mut SalesDocument,
    keep: &Keep<'_>,
    fresh: &[u32],
    mut conditions: Vec<PricingCondition>,
) -> Result<(), SalesError> {
    let settings = tx.settings::<PricingSettings>()?;
    let procedure = document.header.pricing_procedure;
    if !fresh.is_empty() {
        let header = keep.of_header(settings, fresh, procedure);
        let manual = |item: &u32| (*item, keep.of_item(settings, *item, procedure));
        let items = fresh.iter().map(manual).collect();
        let (header, items) = request(tx, document, header, items)?;
        let priced = tessera_pricing::price(tx, settings, &header, &items, &mut convert)?;
        check_above_zero(&priced)?;
        document.status.incomplete = !priced.is_complete();
        conditions.extend(priced.conditions);
    }
    conditions.sort_by_key(|row| (row.item, row.step, row.counter));
    document.conditions = conditions;
    set_values(tx, document)
}

/// Refuses discounts that take more of an item than it costs, naming the one that does.
fn check_above_zero(priced: &Priced) -> Result<(), SalesError> {
    let Some(item) = priced.items.iter().find(|item| item.net.is_negative()) else {
        return Ok(());
    };
    let rows = priced.conditions.iter().filter(|row| row.item == item.item);
    let mut left = Money::zero(item.net.currency());
    let mut below = None;
    for row in rows.filter(|row| row.counts() && !row.is_tax()) {
        left = left.plus(row.value)?;
        below = if left.is_negative() { below.or(Some(row.condition_type)) } else { None };
    }
    match below {
        Some(condition_type) => {
            Err(SalesError::BelowZero { item: item.item, condition_type, net: item.net })
        }
        None => Ok(()),
    }
}

/// Item values are the sums of their conditions, document totals those of the items that are not
/// rejected.
pub(crate) fn set_values(tx: &mut Tx<'_>, document: &mut SalesDocument) -> Result<(), SalesError> {
    let settings = tx.settings::<SalesSettings>()?;
    let currency = document.header.currency;
    let (mut net, mut tax) = (Money::zero(currency), Money::zero(currency));
    let area = document.header.credit_control_area;
    for item in &mut document.items {
        let rows = document.conditions.iter().filter(|row| row.item == item.item);
        let totals = Totals::of(rows, currency)?;
        item.net_value = totals.net;
        item.tax_value = totals.tax;
        // What is never billed is never owed.
        let rule = settings.item_categories.get(item.item_category);
        let is_billed = rule.is_some_and(|rule| rule.billing != BillingRelevance::None);
        let owed = if is_billed { totals.gross } else { Money::zero(currency) };
        item.credit_value =
            tessera_credit::credit_value(tx, area, owed, document.header.document_date)?;
        if item.rejection_reason.is_none() {
            net = net.plus(totals.net)?;
            tax = tax.plus(totals.tax)?;
        }
    }
    document.header.net_value = net;
    document.header.tax_value = tax;
    Ok(())
}
