//! What the orders of a delivery have in common, and the delivery made of it.

use tessera_document::{
    DocumentFlow, DocumentKind, PartnerFunction, SHIP_TO, SOLD_TO, copied_texts, partner_in,
};
use tessera_kernel::{Code, Date, Ref, Stored, Tx};
use tessera_organisation::OrganisationSettings;
use tessera_partner::BusinessPartner;
use tessera_sales::{Progress, SalesDocument, SalesSettings, Taking};

use crate::{
    Delivery, DeliveryDirection, DeliveryError, DeliveryHeader, DeliveryItem, DeliverySettings,
    DeliveryStatus, GoodsIssueStatus,
};

/// What all orders of a delivery have in common.
#[derive(PartialEq)]
struct Common {
    ship_to: Ref<BusinessPartner>,
    sales_organisation: Code,
    shipping_condition: Code,
    incoterms: Option<Code>,
    delivery_type: Code,
}

fn common(tx: &Tx<'_>, order: &Stored<SalesDocument>) -> Result<Common, DeliveryError> {
    let settings = tx.settings::<SalesSettings>()?;
    let not_deliverable = || DeliveryError::NotDeliverable { number: order.number() };
    Ok(Common {
        ship_to: partner_in(&order.partners, SHIP_TO).ok_or_else(not_deliverable)?,
        sales_organisation: order.header.sales_organisation,
        shipping_condition: order.header.shipping_condition,
        incoterms: order.header.incoterms,
        delivery_type: settings
            .document_types
            .get(order.header.document_type)
            .and_then(|document_type| document_type.delivery_type)
            .ok_or_else(not_deliverable)?,
    })
}

/// The shipping point that all items leave from, out of the stock of one company.
fn shipping_point(tx: &Tx<'_>, items: &[DeliveryItem]) -> Result<Code, DeliveryError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let of = |plant| {
        organisation
            .shipping_point_for(plant)
            .map_err(|message| DeliveryError::field("plant", message))
    };
    let owner = |plant| {
        let found = organisation.company_of_plant(plant);
        found.map(|(code, _)| code).map_err(|message| DeliveryError::field("plant", message))
    };
    let (point, company) = (of(items[0].plant)?, owner(items[0].plant)?);
    for item in items {
        if of(item.plant)? != point {
            return Err(DeliveryError::TwoShippingPoints { item: item.order_item });
        }
        if owner(item.plant)? != company {
            return Err(DeliveryError::TwoCompanies { item: item.order_item });
        }
    }
    Ok(point)
}

/// Whoever wants a delivery of its own for each order gets it.
fn check_combination(tx: &mut Tx<'_>, orders: &[Taking]) -> Result<(), DeliveryError> {
    for order in orders {
        let header = &order.document.header;
        let customer = tx.shared(header.sold_to)?;
        let terms = customer.sales_area_on(
            header.sales_organisation,
            header.distribution_channel,
            header.division,
            header.document_date,
        );
        if terms.is_some_and(|terms| !terms.order_combination) {
            return Err(DeliveryError::OneEach { number: order.document.number() });
        }
    }
    Ok(())
}

/// The most urgent of the orders.
fn priority(orders: &[Taking]) -> u32 {
    let priorities = orders.iter().map(|order| order.document.header.delivery_priority);
    priorities.min().unwrap_or(2)
}

/// The delivery of items that were taken up of orders that go together.
pub(crate) fn assemble(
    tx: &mut Tx<'_>,
    orders: &[Taking],
    items: Vec<DeliveryItem>,
    planned: Date,
) -> Result<Delivery, DeliveryError> {
    let shared = common(tx, &orders[0].document)?;
    if orders.len() > 1 {
        check_combination(tx, orders)?;
    }
    for order in &orders[1..] {
        if common(tx, &order.document)? != shared {
            return Err(DeliveryError::NotTogether {
                first: orders[0].document.number(),
                second: order.document.number(),
            });
        }
    }
    let point = shipping_point(tx, &items)?;
    let settings = tx.settings::<DeliverySettings>()?;
    let rule = settings
        .delivery_types
        .require(shared.delivery_type)
        .map_err(|message| DeliveryError::field("delivery_type", message))?;
    let kind = kind_of(rule.direction);
    let sold_to = orders[0].document.header.sold_to;
    let billable = items.iter().any(|item| item.billable);
    Ok(Delivery {
        header: DeliveryHeader {
            delivery_type: shared.delivery_type,
            direction: rule.direction,
            sales_organisation: shared.sales_organisation,
            ship_to: shared.ship_to,
            shipping_point: point,
            shipping_condition: shared.shipping_condition,
            incoterms: shared.incoterms,
            delivery_priority: priority(orders),
            planned_goods_issue: planned,
        },
        status: DeliveryStatus {
            goods_issue_status: GoodsIssueStatus::Open,
            goods_issue: None,
            goods_movement: None,
            billing: if billable { Progress::Open } else { Progress::NotRelevant },
        },
        items,
        partners: vec![
            PartnerFunction { function: SHIP_TO, partner: shared.ship_to },
            PartnerFunction { function: SOLD_TO, partner: sold_to },
        ],
        flow: orders
            .iter()
            .map(|order| DocumentFlow {
                predecessor: order.document.head.id,
                predecessor_kind: tessera_sales::kind_of(order.document.header.category),
                kind,
            })
            .collect(),
        texts: copied_texts(
            orders.iter().flat_map(|order| &order.document.texts),
            &rule.copy_texts,
        ),
    })
}

/// Kind of a delivery in a document flow.
pub fn kind_of(direction: DeliveryDirection) -> DocumentKind {
    match direction {
        DeliveryDirection::Outbound => DocumentKind::Delivery,
        DeliveryDirection::Returns => DocumentKind::ReturnsDelivery,
    }
}
