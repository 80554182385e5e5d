//! Random commands over a few customers and products, with tight stock and credit. Refusals are
//! part of the business; what must not happen is a balance that differs from its documents, a
//! promise without cover, or an approved order beyond the limit.

use proptest::prelude::*;
use serde_json::{Value, json};
use tessera_billing::BillingDocument;
use tessera_delivery::Delivery;
use tessera_finance::Payment;
use tessera_kernel::{Date, Problem, Ref, date_from_days, date_to_days};
use tessera_sales::CreditStatus;
use tessera_stock::{GoodsMovement, PlannedReceipt};

use crate::documents::{Order, euros, id_in, quantity};
use crate::shop::{Customer, Shop};
use crate::world::{START, cases, day};

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Order,
    Quote,
    TakeUp,
    SetQuantity,
    AddItem,
    Reject,
    Reopen,
    PriceByHand,
    MoveDay,
    CheckCredit,
    Reschedule,
    Deliver,
    DeliverPart,
    DeliverLater,
    DeliverTogether,
    CancelDelivery,
    Issue,
    ReverseIssue,
    Bill,
    BillItem,
    BillOrder,
    CancelInvoice,
    Pay,
    PayTooMuch,
    Receive,
    Announce,
    Arrive,
    NextDay,
    // From here on verbs that may leave promises without cover or debts beyond the limit.
    Release,
    Return,
    CreditRequest,
    WriteOff,
    CancelPayment,
    CancelReceipt,
    DelayReceipt,
    ReverseMovement,
    LowerLimit,
}

use Verb::{
    AddItem, Announce, Arrive, Bill, BillItem, BillOrder, CancelDelivery, CancelInvoice,
    CancelPayment, CancelReceipt, CheckCredit, CreditRequest, DelayReceipt, Deliver, DeliverLater,
    DeliverPart, DeliverTogether, Issue, LowerLimit, MoveDay, NextDay, Pay, PayTooMuch,
    PriceByHand, Quote, Receive, Reject, Release, Reopen, Reschedule, Return, ReverseIssue,
    ReverseMovement, SetQuantity, TakeUp, WriteOff,
};

const STEADY: &[Verb] = &[
    Verb::Order,
    Verb::Order,
    Verb::Order,
    Quote,
    TakeUp,
    SetQuantity,
    SetQuantity,
    AddItem,
    Reject,
    Reopen,
    PriceByHand,
    MoveDay,
    CheckCredit,
    Reschedule,
    Deliver,
    Deliver,
    DeliverPart,
    DeliverPart,
    DeliverLater,
    DeliverTogether,
    CancelDelivery,
    Issue,
    Issue,
    ReverseIssue,
    Bill,
    Bill,
    BillItem,
    BillOrder,
    CancelInvoice,
    Pay,
    PayTooMuch,
    Receive,
    Announce,
    Arrive,
    NextDay,
];

const UNSTEADY: &[Verb] = &[
    Release,
    Release,
    Return,
    CreditRequest,
    WriteOff,
    CancelPayment,
    CancelReceipt,
    DelayReceipt,
    ReverseMovement,
    LowerLimit,
];

/// A verb with what it picks: documents by position, and a count.
#[derive(Clone, Copy, Debug)]
struct Step {
    verb: Verb,
    which: usize,
    other: usize,
    count: i64,
}

fn step(verbs: Vec<Verb>) -> impl Strategy<Value = Step> {
    (prop::sample::select(verbs), 0..12_usize, 0..12_usize, 1..40_i64)
        .prop_map(|(verb, which, other, count)| Step { verb, which, other, count })
}

fn steady() -> impl Strategy<Value = Step> {
    step(STEADY.to_vec())
}

fn anything() -> impl Strategy<Value = Step> {
    prop_oneof![3 => steady(), 1 => step(UNSTEADY.to_vec())]
}

const CUSTOMERS: [&str; 4] = ["tight", "loose", "branch", "yankee"];
const PRODUCTS: [&str; 3] = ["bolt", "nut", "advice"];
/// Limits in cents: of `tight`, who also pays for `branch`, and of `yankee`.
const LIMITS: [(&str, i64); 2] = [("tight", 60_000), ("yankee", 1_000_000)];

struct Play {
    shop: Shop,
    today: Date,
    orders: Vec<Order>,
    deliveries: Vec<Ref<Delivery>>,
    invoices: Vec<Ref<BillingDocument>>,
    payments: Vec<Ref<Payment>>,
    receipts: Vec<Ref<PlannedReceipt>>,
    movements: Vec<Ref<GoodsMovement>>,
}

/// The picked one of a list, counted from the newest.
fn pick<T: Copy>(list: &[T], which: usize) -> Option<T> {
    list.len().checked_sub(1).map(|last| list[last - which % list.len()])
}

impl Play {
    fn new() -> Self {
        let mut shop = Shop::new();
        shop.customer("tight", &Customer { limit: Some(600), ..Customer::default() });
        shop.customer("loose", &Customer::default());
        shop.customer("branch", &Customer { payer: Some("tight"), ..Customer::default() });
        shop.discount("tight", "3.5");
        shop.receive("bolt", 30);
        shop.receive("nut", 20);
        let orders = vec![
            shop.document("QT", "tight", shop.items(&[("bolt", 12), ("nut", 9)]), json!({}))
                .unwrap(),
            shop.order("tight", &[("bolt", 9), ("advice", 3)]),
            shop.order("branch", &[("nut", 12), ("bolt", 3)]),
            shop.order("yankee", &[("advice", 7), ("bolt", 25)]),
        ];
        let deliveries = vec![shop.ship(orders[1]), shop.deliver(orders[2])];
        Self {
            shop,
            today: day(START),
            orders,
            deliveries,
            invoices: Vec::new(),
            payments: Vec::new(),
            receipts: Vec::new(),
            movements: Vec::new(),
        }
    }

    fn after(&self, days: usize) -> String {
        let days = i32::try_from(days).unwrap();
        date_from_days(date_to_days(self.today) + days).unwrap().to_string()
    }

    fn take(&mut self, step: Step) -> Result<(), Problem> {
        match step.verb {
            Verb::Order
            | Quote
            | TakeUp
            | AddItem
            | SetQuantity
            | Reject
            | Reopen
            | PriceByHand
            | MoveDay
            | CheckCredit
            | Reschedule
            | Release
            | Return
            | CreditRequest => self.sell(step),
            Deliver | DeliverPart | DeliverLater | DeliverTogether | CancelDelivery | Issue
            | ReverseIssue => self.ship(step),
            Bill | BillItem | BillOrder | CancelInvoice | Pay | PayTooMuch | CancelPayment
            | LowerLimit => self.bill(step),
            _ => self.stock(step),
        }
    }

    fn sell(&mut self, step: Step) -> Result<(), Problem> {
        let Step { verb, which, other, count } = step;
        let customer = CUSTOMERS[which % CUSTOMERS.len()];
        let products = [PRODUCTS[other % 3], PRODUCTS[(other / 3) % 3]];
        if matches!(verb, Verb::Order | Quote) {
            let items = self.shop.items(&[(products[0], count), (products[1], 1 + count / 3)]);
            let wanted = json!({ "requested_delivery": self.after(which) });
            let document_type = if verb == Quote { "QT" } else { "OR" };
            self.orders.push(self.shop.document(document_type, customer, items, wanted)?);
            return Ok(());
        }
        let Some(order) = pick(&self.orders, which) else { return Ok(()) };
        let item = if other % 2 == 0 { 10 } else { 20 };
        let unit = self.shop.load(order).value.item(item).map_or("PC", |item| {
            if item.base_quantity.unit() == tessera_kernel::Unit::H { "H" } else { "PC" }
        });
        let counted = quantity(&count.to_string(), unit);
        let reason = json!({ "order_reason": "200" });
        let part = || json!([{ "reference_item": item, "quantity": counted }]);
        let by_hand = json!({ "items": [], "conditions": [{ "item": item,
            "condition_type": "PR00", "rate": format!("{}.{:03}", count / 4, count * 23 % 1000) }] });
        match verb {
            TakeUp => self.orders.push(self.shop.follow_up("OR", order, part(), json!({}))?),
            Return => self.orders.push(self.shop.follow_up("RE", order, part(), reason)?),
            CreditRequest => self.orders.push(self.shop.follow_up("CR", order, part(), reason)?),
            SetQuantity => self.shop.change_item(order, item, json!({ "quantity": counted }))?,
            AddItem => {
                let items = self.shop.items(&[(products[0], count)]);
                self.shop.change(order, json!({ "items": items, "conditions": [] }))?;
            }
            Reject => self.shop.reject(order, item)?,
            Reopen => self.shop.reopen(order, item)?,
            PriceByHand => self.shop.change(order, by_hand)?,
            MoveDay => {
                let wanted = json!({ "requested_delivery": self.after(other), "items": [],
                    "conditions": [], "new_pricing": count % 2 == 0 });
                self.shop.change(order, wanted)?;
            }
            CheckCredit => drop(self.shop.act(order, "check_credit", json!({}))?),
            Reschedule => drop(self.shop.act(order, "reschedule", json!({}))?),
            _ => drop(self.shop.act(order, "release_credit", json!({ "reason": "trusted" }))?),
        }
        Ok(())
    }

    fn ship(&mut self, step: Step) -> Result<(), Problem> {
        let Step { verb, which, other, count } = step;
        if let Some(order) = pick(&self.orders, which) {
            let item = if other % 2 == 0 { 10 } else { 20 };
            let made = match verb {
                Deliver => Some(self.shop.try_deliver(order)?),
                DeliverPart => Some(self.shop.deliver_part(order, item, 1 + count / 4)?),
                DeliverLater => {
                    let later = json!({ "planned_goods_issue": self.after(other), "items": [] });
                    Some(id_in(&self.shop.act(order, "deliver", later)?))
                }
                DeliverTogether => {
                    let second = pick(&self.orders, other).unwrap_or(order);
                    Some(self.shop.deliver_together(&[order, second])?)
                }
                _ => None,
            };
            self.deliveries.extend(made);
        }
        let Some(delivery) = pick(&self.deliveries, which) else { return Ok(()) };
        let action = match verb {
            Issue => "post_goods_issue",
            ReverseIssue => "reverse_goods_issue",
            CancelDelivery => "cancel",
            _ => return Ok(()),
        };
        self.shop.act(delivery, action, json!({})).map(drop)
    }

    fn bill(&mut self, step: Step) -> Result<(), Problem> {
        let Step { verb, which, other, count } = step;
        let deliveries = [pick(&self.deliveries, which), pick(&self.deliveries, other)];
        let deliveries: Vec<_> = deliveries.into_iter().flatten().collect();
        let made = match (verb, deliveries.first()) {
            (Bill, Some(_)) => self.shop.bill(&deliveries)?,
            (BillItem, Some(delivery)) => {
                let item = if other % 2 == 0 { 10 } else { 20 };
                let item = json!({ "delivery": delivery.to_string(), "item": item });
                self.shop.bill_with(json!({ "deliveries": [item] }))?
            }
            (BillOrder, _) => match pick(&self.orders, which) {
                Some(order) if count % 2 == 0 => self.shop.bill_order(order)?,
                Some(order) => {
                    let hours = quantity(&(1 + count / 5).to_string(), "H");
                    let part = json!({ "order": order.to_string(), "item": 20, "quantity": hours });
                    self.shop.bill_with(json!({ "orders": [part] }))?
                }
                None => Vec::new(),
            },
            _ => Vec::new(),
        };
        self.invoices.extend(made);
        let Some(invoice) = pick(&self.invoices, which) else { return Ok(()) };
        match verb {
            CancelInvoice => drop(self.shop.cancel_invoice(invoice)?),
            Pay | PayTooMuch => self.pay(invoice, verb, count)?,
            CancelPayment => {
                if let Some(payment) = pick(&self.payments, which) {
                    self.shop.act(payment, "cancel", json!({}))?;
                }
            }
            LowerLimit => self.shop.limit("tight", count * 10),
            _ => {}
        }
        Ok(())
    }

    fn pay(
        &mut self,
        invoice: Ref<BillingDocument>,
        verb: Verb,
        count: i64,
    ) -> Result<(), Problem> {
        let document = self.shop.load(invoice);
        let open = self.shop.open_amount(invoice);
        let minor = if verb == PayTooMuch { open + count } else { open * count / 39 };
        let amount = match document.header.currency == tessera_kernel::Currency::EUR {
            true => euros(minor),
            false => crate::documents::money(minor, document.header.currency.code()),
        };
        let body = json!({ "company_code": "1000", "amount": amount,
            "partner": document.header.payer.to_string(),
            "allocations": [{ "receivable": self.shop.receivable(invoice).to_string() }] });
        self.payments.push(id_in(&self.shop.act_on_all::<Payment>("pay", body)?));
        Ok(())
    }

    fn stock(&mut self, step: Step) -> Result<(), Problem> {
        let Step { verb, which, other, count } = step;
        let product = PRODUCTS[which % 2];
        match verb {
            Receive => self.movements.push(self.shop.receive(product, count)),
            Announce => {
                let date = self.after(1 + other);
                self.receipts.push(self.shop.announce(product, count, &date));
            }
            WriteOff => {
                let moved = self.shop.move_goods("551", product, count, json!({}))?;
                self.movements.push(moved);
            }
            NextDay => {
                self.arrive_what_is_due(which % 3)?;
                self.today = day(&self.after(which % 3));
                self.shop.on(&self.today.to_string());
            }
            ReverseMovement => {
                if let Some(movement) = pick(&self.movements, which) {
                    self.shop.act(movement, "reverse", json!({}))?;
                }
            }
            _ => self.change_receipt(step)?,
        }
        Ok(())
    }

    fn change_receipt(&mut self, step: Step) -> Result<(), Problem> {
        let Some(receipt) = pick(&self.receipts, step.which) else { return Ok(()) };
        match step.verb {
            Arrive => self.arrive(receipt, step.count),
            CancelReceipt => self.shop.act(receipt, "cancel", json!({})).map(drop),
            DelayReceipt => {
                let later = json!({ "date": self.after(step.other) });
                self.shop.act(receipt, "change", later).map(drop)
            }
            _ => Ok(()),
        }
    }

    fn arrive(&mut self, receipt: Ref<PlannedReceipt>, count: i64) -> Result<(), Problem> {
        let product = self.shop.load(receipt).terms.product;
        let item = json!({ "product": product.to_string(), "plant": "1000",
            "quantity": quantity(&count.to_string(), "PC"),
            "planned_receipt": receipt.to_string() });
        let body: Value = json!({ "movement_type": "101", "items": [item] });
        self.movements.push(id_in(&self.shop.act_on_all::<GoodsMovement>("post", body)?));
        Ok(())
    }

    /// Receipts of the days that are about to be over arrive in time.
    fn arrive_what_is_due(&mut self, days: usize) -> Result<(), Problem> {
        let until = day(&self.after(days));
        for receipt in self.receipts.clone() {
            let terms = self.shop.load(receipt).value.terms;
            if terms.date < until && !terms.open_quantity.is_zero() {
                self.arrive(receipt, i64::try_from(terms.open_quantity.value()).unwrap())?;
            }
        }
        Ok(())
    }

    fn broken_rule(&self) -> Option<String> {
        let oversold = ["bolt", "nut"].into_iter().find(|product| self.shop.is_oversold(product));
        if let Some(product) = oversold {
            return Some(format!("{product} is oversold: {:?}", self.shop.availability(product)));
        }
        let beyond = LIMITS.into_iter().find(|(customer, limit)| {
            let (orders, deliveries, invoices) = self.shop.exposure(customer);
            orders + deliveries + invoices > *limit
        });
        beyond.map(|(customer, _)| {
            let approved = self
                .orders
                .iter()
                .filter(|order| self.shop.credit_status(**order) == CreditStatus::Approved);
            format!("{customer} is beyond the limit with {} approved orders", approved.count())
        })
    }
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn nothing_is_oversold_and_no_limit_is_exceeded(
        steps in prop::collection::vec(steady(), 1..50),
    ) {
        let mut play = Play::new();
        for (number, step) in steps.iter().enumerate() {
            // A refusal is an answer.
            let _ = play.take(*step);
            prop_assert_eq!(play.broken_rule(), None, "after step {} {:?}", number, step);
        }
        prop_assert_eq!(play.shop.differences(), Vec::<String>::new());
    }

    #[test]
    fn every_balance_equals_its_documents_after_every_command(
        steps in prop::collection::vec(anything(), 1..50),
    ) {
        let mut play = Play::new();
        for (number, step) in steps.iter().enumerate() {
            let _ = play.take(*step);
            let differences = play.shop.differences();
            prop_assert_eq!(differences, Vec::<String>::new(), "after step {} {:?}", number, step);
        }
    }
}
