//! Makes and posts billing documents.

use tessera_credit::Exposure;
use tessera_delivery::{Delivery, GoodsIssueStatus};
use tessera_document::{
    BILL_TO, DocumentKind, DocumentText, FULFILMENT, Fulfilled, PAYER, fulfil, fulfilments,
    partner_in,
};
use tessera_kernel::{
    Code, Currency, Date, Kind, Money, ObjectId, Quantity, Ref, Rule, Stored, Tx, business_day,
    from_micros, to_micros,
};
use tessera_organisation::OrganisationSettings;
use tessera_partner::BusinessPartner;
use tessera_pricing::PricingCondition;
use tessera_sales::{Progress, SalesDocument, SalesError, SalesSettings, Taking};

use crate::draft::{BillingDraft, DeliveryToBill, OrderToBill};
use crate::post::post;
use crate::{BillingDocument, BillingError, BillingItem, share};

/// What happens when billing documents are made, in order.
pub(crate) const RULES: &[Rule] = &[
    Rule { name: "permission", help: "The actor may create billing documents." },
    Rule {
        name: "source",
        help: "Deliveries have their goods issue; orders have items that are billed without delivery.",
    },
    Rule {
        name: "quantity",
        help: "Nothing is billed twice, and no more than what was delivered or ordered.",
    },
    Rule {
        name: "split",
        help: "One document per payer, bill-to and sold-to party, company, currency, terms and billing type.",
    },
    Rule {
        name: "price",
        help: "Conditions of the order in proportion: the parts of any split sum exactly to the whole.",
    },
    Rule { name: "number", help: "The legal number is drawn, without gaps, per company and year." },
    Rule {
        name: "ledger",
        help: "Receivable against revenue and taxes, in an open period; the open item is made.",
    },
    Rule {
        name: "exposure",
        help: "The credit value moves from deliveries (or orders) to invoices.",
    },
    Rule { name: "status", help: "Deliveries and orders follow." },
];

/// An item on its way to a billing document.
pub(crate) struct Line {
    pub(crate) key: SplitKey,
    pub(crate) item: BillingItem,
    pub(crate) conditions: Vec<PricingCondition>,
    pub(crate) product_group: Option<Code>,
    /// What it was billed from: a delivery, or the order itself.
    pub(crate) predecessor: (ObjectId, DocumentKind),
    /// The day of that: the goods issue, or the date of the order.
    pub(crate) since: Date,
    /// Texts of the order and of the delivery.
    pub(crate) texts: Vec<DocumentText>,
}

/// What the items of one document have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SplitKey {
    pub(crate) billing_type: Code,
    pub(crate) sales_organisation: Code,
    pub(crate) distribution_channel: Code,
    pub(crate) division: Code,
    pub(crate) sold_to: Ref<BusinessPartner>,
    pub(crate) bill_to: Ref<BusinessPartner>,
    pub(crate) payer: Ref<BusinessPartner>,
    pub(crate) currency: Currency,
    pub(crate) payment_terms: Code,
    pub(crate) credit_control_area: Code,
    /// The source document, where each gets a document of its own.
    pub(crate) source: Option<ObjectId>,
}

/// Makes billing documents of what the draft names and posts them: numbers, books, open items.
pub fn create_billing_documents(
    tx: &mut Tx<'_>,
    draft: &BillingDraft,
) -> Result<Vec<Stored<BillingDocument>>, BillingError> {
    tx.actor().require(BillingDocument::NAME, "create")?;
    let mut orders = Orders::default();
    let mut lines = Vec::new();
    check(tx, draft)?;
    for (position, wanted) in draft.deliveries.iter().enumerate() {
        let path = format!("deliveries[{position}]");
        take_delivery(tx, &mut orders, wanted, (draft.header.one_each, &path), &mut lines)?;
    }
    for (position, wanted) in draft.orders.iter().enumerate() {
        let path = format!("orders[{position}]");
        take_order(tx, &mut orders, wanted, (draft.header.one_each, &path), &mut lines)?;
    }
    if lines.is_empty() {
        let only_orders = draft.deliveries.is_empty() && !draft.orders.is_empty();
        let named = if only_orders { "orders" } else { "deliveries" };
        return Err(BillingError::NothingToBill.at(named));
    }
    let mut documents = Vec::new();
    while let Some(first) = lines.first() {
        let key = first.key;
        let (group, rest) = lines.into_iter().partition(|line| line.key == key);
        documents.push(post(tx, key, group, draft.header.billing_date)?);
        lines = rest;
    }
    orders.finish(tx)?;
    Ok(documents)
}

/// A quantity is that of one item, with no more decimals than its unit has.
fn check(tx: &Tx<'_>, draft: &BillingDraft) -> Result<(), BillingError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    for (position, wanted) in draft.orders.iter().enumerate() {
        let Some(quantity) = wanted.quantity else { continue };
        let field = |name| format!("orders[{position}].{name}");
        if wanted.item.is_none() {
            let message = "must be named with a quantity: an order has several items";
            return Err(BillingError::field(field("item"), message));
        }
        organisation
            .quantity_fits(quantity)
            .map_err(|message| BillingError::field(field("quantity"), message))?;
    }
    Ok(())
}

/// Orders in work, each loaded once.
#[derive(Default)]
struct Orders(Vec<Taking>);

impl Orders {
    fn position(&mut self, tx: &mut Tx<'_>, id: Ref<SalesDocument>) -> Result<usize, BillingError> {
        if let Some(position) = self.0.iter().position(|order| order.document.id() == id) {
            return Ok(position);
        }
        self.0.push(Taking::load(tx, id)?);
        Ok(self.0.len() - 1)
    }

    fn finish(self, tx: &mut Tx<'_>) -> Result<(), BillingError> {
        for order in self.0 {
            finish(tx, order)?;
        }
        Ok(())
    }
}

/// What the order no longer counts for (or, after a cancellation, counts for again) leaves the
/// exposure of open orders, and its status follows.
pub(crate) fn finish(tx: &mut Tx<'_>, mut order: Taking) -> Result<(), BillingError> {
    if let Some((area, payer, more)) = order.credit_change(tx)? {
        tessera_credit::shift(tx, area, payer, Exposure::orders(more))?;
    }
    Ok(order.finish(tx)?)
}

fn take_delivery(
    tx: &mut Tx<'_>,
    orders: &mut Orders,
    wanted: &DeliveryToBill,
    (one_each, path): (bool, &str),
    lines: &mut Vec<Line>,
) -> Result<(), BillingError> {
    let mut delivery = tx.load_with(wanted.delivery, &FULFILMENT)?;
    if delivery.status.goods_issue_status != GoodsIssueStatus::Posted {
        let error = BillingError::NotIssued { number: delivery.number() };
        return Err(error.at(format!("{path}.delivery")));
    }
    if let Some(number) = wanted.item.filter(|n| !delivery.items.iter().any(|i| i.item == *n)) {
        let message = format!("{} has no item {number}", delivery.number());
        return Err(BillingError::field(format!("{path}.item"), message));
    }
    let billed = fulfilments(tx, delivery.head.id)?;
    let mut open = 0;
    for item in delivery.items.iter().filter(|item| item.billable) {
        if billed.of(item.item).billed > 0 {
            continue;
        }
        if wanted.item.is_some_and(|number| number != item.item) {
            open += 1;
            continue;
        }
        let quantity = to_micros(item.base_quantity.value())?;
        let key = (delivery.head.id, item.item);
        if !fulfil(tx, key, Fulfilled::Billed, quantity, 0, quantity)? {
            return Err(BillingError::NothingToBill);
        }
        let position = orders.position(tx, item.order)?;
        let order = &mut orders.0[position];
        let source = one_each.then_some(delivery.head.id);
        let credit = Some(item.credit_value);
        let mut line = take(tx, order, (item.order_item, quantity), (source, credit), lines)
            .map_err(|error| error.at(format!("{path}.delivery")))?;
        line.item.quantity = item.quantity;
        line.predecessor = (delivery.head.id, tessera_delivery::kind_of(delivery.header.direction));
        line.since = delivery.status.goods_issue.unwrap_or(line.since);
        line.texts.extend_from_slice(&delivery.texts);
        line.item.delivery = Some(wanted.delivery);
        line.item.delivery_item = Some(item.item);
        lines.push(line);
    }
    set_delivery_status(tx, &mut delivery, open)
}

/// Delivery status after `open` billable items were left out.
fn set_delivery_status(
    tx: &mut Tx<'_>,
    delivery: &mut Stored<Delivery>,
    open: usize,
) -> Result<(), BillingError> {
    let status = if open == 0 { Progress::Complete } else { Progress::Partial };
    if delivery.status.billing != Progress::NotRelevant && delivery.status.billing != status {
        tessera_delivery::set_billing(tx, delivery, status)?;
    }
    Ok(())
}

fn take_order(
    tx: &mut Tx<'_>,
    orders: &mut Orders,
    wanted: &OrderToBill,
    (one_each, path): (bool, &str),
    lines: &mut Vec<Line>,
) -> Result<(), BillingError> {
    let settings = tx.settings::<SalesSettings>()?;
    let field = |name: &str| format!("{path}.{name}");
    let position = orders.position(tx, wanted.order)?;
    let order = &mut orders.0[position];
    tessera_sales::check_deliverable(tx, &order.document)
        .map_err(|error| BillingError::from(error).at(field("order")))?;
    let numbers: Vec<u32> = match wanted.item {
        Some(number) if order.document.item(number).is_some() => vec![number],
        Some(number) => {
            let message = format!("{} has no item {number}", order.document.number());
            return Err(BillingError::field(field("item"), message));
        }
        None => order.document.items.iter().map(|item| item.item).collect(),
    };
    for number in numbers {
        let item = order.item(number)?.clone();
        let by_order = settings
            .item_categories
            .get(item.item_category)
            .is_some_and(|category| category.billing == tessera_sales::BillingRelevance::Order);
        if !by_order {
            continue;
        }
        let open = order.open(settings, &item, Fulfilled::Billed)?;
        let quantity = match wanted.quantity {
            Some(quantity) if quantity.unit() != item.base_quantity.unit() => {
                let message = format!("must be in {}", item.base_quantity.unit());
                return Err(BillingError::field(field("quantity"), message));
            }
            Some(quantity) => to_micros(quantity.value())?,
            None => open,
        };
        if quantity == 0 {
            continue;
        }
        let source = one_each.then_some(order.document.head.id);
        let line = take(tx, order, (number, quantity), (source, None), lines).map_err(|error| {
            let name = if is_nothing_left(&error) { "quantity" } else { "order" };
            error.at(field(name))
        })?;
        lines.push(line);
    }
    Ok(())
}

fn is_nothing_left(error: &BillingError) -> bool {
    matches!(error, BillingError::Sales(SalesError::NothingLeft { .. }))
}

/// Takes up a quantity (micro-units of the base unit) of an order item; `delivered` is the credit
/// value of its delivery, `lines` were taken before.
fn take(
    tx: &mut Tx<'_>,
    order: &mut Taking,
    (number, quantity): (u32, i64),
    (source, delivered): (Option<ObjectId>, Option<Money>),
    lines: &[Line],
) -> Result<Line, BillingError> {
    tessera_sales::check_complete(&order.document)?;
    let item = order.item(number)?.clone();
    let before = order.fulfilments.of(number).billed;
    let (credit, in_deliveries) = match delivered {
        Some(credit) => (credit.minor(), -credit.minor()),
        None => (order.credit_of_next(tx, number, Fulfilled::Billed, quantity)?, 0),
    };
    order.take(tx, number, Fulfilled::Billed, quantity, in_deliveries)?;
    let base_quantity = Quantity::new(from_micros(quantity), item.base_quantity.unit())?;
    let conditions = share::conditions(tx, order, &item, (before, quantity), lines)?;
    let header = &order.document.header;
    let product = tx.shared(item.product)?;
    Ok(Line {
        key: key(tx, order, source)?,
        texts: order.document.texts.clone(),
        predecessor: (order.document.head.id, tessera_sales::kind_of(header.category)),
        since: header.document_date,
        conditions,
        product_group: product
            .sales(header.sales_organisation, header.distribution_channel)
            .map(|sales| sales.account_assignment_group),
        item: BillingItem {
            item: 0,
            product: item.product,
            description: item.description,
            quantity: base_quantity,
            base_quantity,
            net_value: Money::zero(header.currency),
            tax_value: Money::zero(header.currency),
            credit_value: Money::from_minor(credit, item.credit_value.currency()),
            order: order.document.id(),
            order_item: number,
            delivery: None,
            delivery_item: None,
        },
    })
}

fn key(tx: &Tx<'_>, order: &Taking, source: Option<ObjectId>) -> Result<SplitKey, BillingError> {
    let not_billable = || BillingError::NotBillable { number: order.document.number() };
    let header = &order.document.header;
    let settings = tx.settings::<SalesSettings>()?;
    let billing_type = settings
        .document_types
        .get(header.document_type)
        .and_then(|document_type| document_type.billing_type)
        .ok_or_else(not_billable)?;
    let partner = |function| partner_in(&order.document.partners, function);
    Ok(SplitKey {
        billing_type,
        sales_organisation: header.sales_organisation,
        distribution_channel: header.distribution_channel,
        division: header.division,
        sold_to: header.sold_to,
        bill_to: partner(BILL_TO).ok_or_else(not_billable)?,
        payer: partner(PAYER).ok_or_else(not_billable)?,
        currency: header.currency,
        payment_terms: header.payment_terms,
        credit_control_area: header.credit_control_area,
        source,
    })
}

/// The day of a billing document: the one given, or today where the company has its seat.
pub(crate) fn billing_date(
    tx: &Tx<'_>,
    sales_organisation: Code,
    given: Option<Date>,
) -> Result<Date, BillingError> {
    if let Some(date) = given {
        business_day(date).map_err(|message| BillingError::field("billing_date", message))?;
        return Ok(date);
    }
    let organisation = tx.settings::<OrganisationSettings>()?;
    let (_, company) = organisation
        .company_of_sales_organisation(sales_organisation)
        .map_err(|message| BillingError::field("sales_organisation", message))?;
    Ok(tx.today(&company.zone))
}
