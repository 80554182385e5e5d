//! One invoice of the file as a chain of documents, booked in one transaction: an order with its
//! delivery, goods issue and invoice, a return with its receipt and credit memo, movements of what
//! was found and written off.

use tessera_billing::{BillingDraft, DeliveryToBill, OrderToBill, create_billing_documents};
use tessera_delivery::{
    DeliveryDraft, MovementForm, MovementHeader, create_delivery, post_goods_issue,
    post_goods_movement,
};
use tessera_kernel::{Code, Date, Problem, Quantity, Tx, Unit, from_micros};
use tessera_sales::{DraftHeader, DraftItem, ManualCondition, SalesDraft, create_sales_document};

use crate::base::{Base, movement_item};
use crate::history::{History, Invoice, Line};
use crate::seller::Seller;
use crate::usage::Usage;

const WEB_ORDER: Code = Code::literal("WEB");
const WEB_RETURN: Code = Code::literal("WRE");
/// The item category of what is delivered and not billed.
const FREE_ITEM: Code = Code::literal("TANN");
/// The condition type of a price.
const PRICE: Code = Code::literal("PR00");
/// Inventory difference, surplus.
const FOUND: Code = Code::literal("701");
const WRITE_OFF: Code = Code::literal("551");

/// The documents of one invoice.
pub(crate) struct Chain {
    day: Date,
    orders: Vec<Order>,
    movements: Vec<MovementForm>,
}

/// An order or a return with what follows it.
struct Order {
    draft: SalesDraft,
    /// It has goods.
    delivers: bool,
    /// It has goods that are paid for.
    bills_delivery: bool,
    /// It has services.
    bills_order: bool,
}

impl Chain {
    /// What an invoice becomes.
    pub(crate) fn of(invoice: &Invoice, history: &History, base: &Base, seller: Seller) -> Self {
        let source = Source { invoice, history, base, seller };
        let orders = [
            source.order(WEB_ORDER, &[Usage::Sale, Usage::Free]),
            source.order(WEB_RETURN, &[Usage::Return]),
        ];
        let movements =
            [source.movement(FOUND, Usage::Found), source.movement(WRITE_OFF, Usage::WrittenOff)];
        Self {
            day: invoice.day,
            orders: orders.into_iter().flatten().collect(),
            movements: movements.into_iter().flatten().collect(),
        }
    }

    /// Books it.
    pub(crate) fn book(&self, tx: &mut Tx<'_>) -> Result<(), Problem> {
        for order in &self.orders {
            order.book(tx, self.day)?;
        }
        for movement in &self.movements {
            post_goods_movement(tx, movement)?;
        }
        Ok(())
    }
}

impl Order {
    fn book(&self, tx: &mut Tx<'_>, day: Date) -> Result<(), Problem> {
        let order = create_sales_document(tx, &self.draft)?.id();
        let mut bill = BillingDraft {
            header: tessera_billing::DraftHeader { billing_date: Some(day), one_each: false },
            deliveries: Vec::new(),
            orders: Vec::new(),
        };
        if self.delivers {
            let everything = tessera_delivery::DraftItem::all_of(order);
            let header = tessera_delivery::DraftHeader { planned_goods_issue: Some(day) };
            let draft = DeliveryDraft { header, items: vec![everything] };
            let delivery = create_delivery(tx, &draft)?.id();
            post_goods_issue(tx, delivery, Some(day))?;
            if self.bills_delivery {
                bill.deliveries.push(DeliveryToBill { delivery, item: None });
            }
        }
        if self.bills_order {
            bill.orders.push(OrderToBill { order, item: None, quantity: None });
        }
        if self.bills_delivery || self.bills_order {
            create_billing_documents(tx, &bill)?;
        }
        Ok(())
    }
}

/// What a chain is made from.
struct Source<'s> {
    invoice: &'s Invoice,
    history: &'s History,
    base: &'s Base,
    seller: Seller,
}

impl Source<'_> {
    fn lines<'l>(&'l self, usages: &'l [Usage]) -> impl Iterator<Item = &'l Line> {
        self.invoice.lines.iter().filter(|line| usages.contains(&line.usage))
    }

    fn text(&self, line: &Line) -> Option<String> {
        (line.text != 0).then(|| self.history.texts[line.text as usize].to_string())
    }

    /// The document of some of the rows; none where there are none.
    fn order(&self, document_type: Code, usages: &[Usage]) -> Option<Order> {
        let count = self.lines(usages).count();
        if count == 0 {
            return None;
        }
        let mut order = Order {
            draft: SalesDraft {
                header: self.header(document_type),
                items: Vec::with_capacity(count),
                conditions: Vec::with_capacity(count),
                texts: Vec::new(),
            },
            delivers: false,
            bills_delivery: false,
            bills_order: false,
        };
        for (number, line) in (1_u32..).map(|number| number * 10).zip(self.lines(usages)) {
            let is_goods = self.history.products[line.product as usize].is_goods();
            let is_free = line.usage == Usage::Free;
            order.delivers |= is_goods;
            order.bills_delivery |= is_goods && !is_free;
            order.bills_order |= !is_goods;
            order.draft.items.push(DraftItem {
                item: Some(number),
                product: Some(self.base.products[line.product as usize]),
                quantity: Some(Quantity::of(i64::from(line.quantity).abs(), Unit::PC)),
                description: self.text(line),
                item_category: is_free.then_some(FREE_ITEM),
                ..DraftItem::default()
            });
            if !is_free {
                order.draft.conditions.push(ManualCondition {
                    item: Some(number),
                    condition_type: PRICE,
                    rate: from_micros(line.price.abs()),
                    currency: None,
                    per: None,
                });
            }
        }
        Some(order)
    }

    fn header(&self, document_type: Code) -> DraftHeader {
        let Invoice { number, sold_to, ship_to, day, .. } = self.invoice;
        DraftHeader {
            sold_to: Some(self.base.parties[*sold_to as usize]),
            ship_to: Some(self.base.parties[*ship_to as usize]),
            sales_organisation: Some(self.seller.organisation),
            distribution_channel: Some(self.seller.channel),
            division: Some(self.seller.division),
            customer_reference: Some(number.clone()),
            document_date: Some(*day),
            ..DraftHeader::new(document_type)
        }
    }

    /// The movement of some of the rows; none where there are none.
    fn movement(&self, movement_type: Code, usage: Usage) -> Option<MovementForm> {
        let items: Vec<_> = self
            .lines(&[usage])
            .map(|line| {
                let product = self.base.products[line.product as usize];
                movement_item(product, i64::from(line.quantity).abs(), self.seller)
            })
            .collect();
        if items.is_empty() {
            return None;
        }
        let header = MovementHeader {
            movement_type,
            posting_date: Some(self.invoice.day),
            reference_number: Some(self.invoice.number.clone()),
            text: self.lines(&[usage]).find_map(|line| self.text(line)),
        };
        Some(MovementForm { header, items })
    }
}
