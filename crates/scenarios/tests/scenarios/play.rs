//! Many kinds of commands over a few customers and products, with tight stock and credit: a step
//! is planned as calls from what is there, and what was made is learned from their answers.

use serde_json::{Value, json};
use tessera_billing::BillingDocument;
use tessera_delivery::Delivery;
use tessera_finance::Payment;
use tessera_kernel::{
    Date, Decimal, Problem, Ref, Unit, Zone, date_from_days, date_to_days, parse_decimal,
};
use tessera_partner::BusinessPartner;
use tessera_sales::CreditStatus;
use tessera_stock::{GoodsMovement, PlannedReceipt};

use crate::call::Call;
use crate::documents::{Order, euros, id_in, money, quantity};
use crate::shop::{Customer, Shop};
use crate::world::day;

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Order,
    Quote,
    TakeUp,
    SetQuantity,
    AddItem,
    Reject,
    Reopen,
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
    PriceByHand,
    Release,
    Return,
    CreditRequest,
    WriteOff,
    CancelPayment,
    CancelReceipt,
    DelayReceipt,
    ReverseMovement,
    LowerLimit,
    // Changes of master data.
    RenamePartner,
    RenameProduct,
    Reprice,
    /// Like `Reprice`, never to a higher price: what is delivered becomes no dearer by it.
    MarkDown,
    Revalue,
    NewPartner,
}

use Verb::{
    AddItem, Announce, Arrive, Bill, BillItem, BillOrder, CancelDelivery, CancelInvoice,
    CancelPayment, CancelReceipt, CheckCredit, CreditRequest, DelayReceipt, Deliver, DeliverLater,
    DeliverPart, DeliverTogether, Issue, LowerLimit, MarkDown, MoveDay, NewPartner, NextDay, Pay,
    PayTooMuch, PriceByHand, Quote, Receive, Reject, Release, RenamePartner, RenameProduct, Reopen,
    Reprice, Reschedule, Return, Revalue, ReverseIssue, ReverseMovement, SetQuantity, TakeUp,
    WriteOff,
};

/// What leaves no promise without cover and no debt beyond the limit.
pub(crate) const STEADY: &[Verb] = &[
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

/// What may: what is delivered is owed, also where a person makes it dearer.
pub(crate) const UNSTEADY: &[Verb] = &[
    PriceByHand,
    PriceByHand,
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

/// Changes of master data.
pub(crate) const MASTER_DATA: &[Verb] =
    &[RenamePartner, RenameProduct, Reprice, Reprice, Revalue, NewPartner, LowerLimit];

/// A verb with what it picks: documents by position, and a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) verb: Verb,
    pub(crate) which: usize,
    pub(crate) other: usize,
    pub(crate) count: i64,
}

pub(crate) const CUSTOMERS: [&str; 4] = ["tight", "loose", "branch", "yankee"];
pub(crate) const PRODUCTS: [&str; 3] = ["bolt", "nut", "advice"];
/// Limits in cents: of `tight`, who also pays for `branch`, and of `yankee`.
const LIMITS: [(&str, i64); 2] = [("tight", 60_000), ("yankee", 1_000_000)];

/// What was made, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    pub(crate) orders: Vec<Order>,
    pub(crate) deliveries: Vec<Ref<Delivery>>,
    pub(crate) invoices: Vec<Ref<BillingDocument>>,
    pub(crate) cancellations: Vec<Ref<BillingDocument>>,
    pub(crate) payments: Vec<Ref<Payment>>,
    pub(crate) receipts: Vec<Ref<PlannedReceipt>>,
    pub(crate) movements: Vec<Ref<GoodsMovement>>,
    pub(crate) partners: Vec<Ref<BusinessPartner>>,
}

impl Made {
    /// Takes what a call answered.
    pub(crate) fn learn(&mut self, call: &Call, answer: &Value) {
        match (call.object, call.action()) {
            ("sales_document", None) => self.orders.extend(ids_in(answer)),
            ("delivery", None) | ("sales_document", Some("deliver")) => {
                self.deliveries.extend(ids_in(answer));
            }
            ("billing_document" | "sales_document", Some("bill")) => {
                let documents = answer["documents"].as_array().into_iter().flatten();
                self.invoices.extend(documents.map(id_in::<BillingDocument>));
            }
            ("billing_document", Some("cancel")) => {
                self.cancellations.extend(ids_in(&answer["cancellation"]));
            }
            ("payment", Some("pay")) => self.payments.extend(ids_in(answer)),
            ("planned_receipt", None) => self.receipts.extend(ids_in(answer)),
            ("goods_movement", Some("post")) => self.movements.extend(ids_in(answer)),
            ("business_partner", None) => self.partners.extend(ids_in(answer)),
            _ => {}
        }
    }
}

/// The id of what was made; a change made nothing.
fn ids_in<T>(answer: &Value) -> Option<Ref<T>> {
    answer["id"].is_string().then(|| id_in(answer))
}

/// The picked one of a list, counted from the newest.
fn pick<T: Copy>(list: &[T], which: usize) -> Option<T> {
    list.len().checked_sub(1).map(|last| list[last - which % list.len()])
}

pub(crate) struct Play {
    pub(crate) shop: Shop,
    pub(crate) made: Made,
}

impl Play {
    pub(crate) fn new() -> Self {
        Self::in_shop(Shop::new())
    }

    /// The same in a shop that is there already.
    pub(crate) fn in_shop(mut shop: Shop) -> Self {
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
        Self { shop, made: Made { orders, deliveries, ..Made::default() } }
    }

    /// The day that it is.
    fn today(&self) -> Date {
        self.shop.now().date_in(&Zone::UTC)
    }

    pub(crate) fn after(&self, days: usize) -> String {
        let days = i32::try_from(days).unwrap();
        date_from_days(date_to_days(self.today()) + days).unwrap().to_string()
    }

    /// Takes a step; a refusal ends it.
    pub(crate) fn take(&mut self, step: Step) -> Result<(), Problem> {
        for call in self.plan(step) {
            let answer = self.shop.call(call.clone())?;
            self.made.learn(&call, &answer);
        }
        if step.verb == NextDay {
            self.shop.on(&self.after(step.which % 3));
        }
        Ok(())
    }

    /// The calls of a step; none where there is nothing to do it with.
    pub(crate) fn plan(&self, step: Step) -> Vec<Call> {
        match step.verb {
            NextDay => self.arrivals(step.which % 3),
            RenamePartner | RenameProduct | Reprice | MarkDown | Revalue | NewPartner
            | LowerLimit => {
                vec![self.maintain(step)]
            }
            Verb::Order | Quote => vec![self.order(step)],
            TakeUp | AddItem | SetQuantity | Reject | Reopen | PriceByHand | MoveDay
            | CheckCredit | Reschedule | Release | Return | CreditRequest => {
                pick(&self.made.orders, step.which)
                    .map(|order| self.change_order(step, order))
                    .into_iter()
                    .collect()
            }
            Deliver | DeliverPart | DeliverLater | DeliverTogether | CancelDelivery | Issue
            | ReverseIssue => self.ship(step).into_iter().collect(),
            Bill | BillItem | BillOrder => self.bill(step).into_iter().collect(),
            CancelInvoice | Pay | PayTooMuch | CancelPayment => {
                self.settle(step).into_iter().collect()
            }
            _ => self.stock(step).into_iter().collect(),
        }
    }

    fn order(&self, step: Step) -> Call {
        let Step { verb, which, other, count } = step;
        let customer = CUSTOMERS[which % CUSTOMERS.len()];
        let products = [PRODUCTS[other % 3], PRODUCTS[(other / 3) % 3]];
        let items = self.shop.items(&[(products[0], count), (products[1], 1 + count / 3)]);
        let wanted = json!({ "requested_delivery": self.after(which) });
        let document_type = if verb == Quote { "QT" } else { "OR" };
        self.shop.document_call(document_type, customer, items, wanted)
    }

    fn change_order(&self, step: Step, order: Order) -> Call {
        let Step { verb, other, count, .. } = step;
        let item = if other % 2 == 0 { 10 } else { 20 };
        let unit = self
            .shop
            .load(order)
            .value
            .item(item)
            .map_or("PC", |item| if item.base_quantity.unit() == Unit::H { "H" } else { "PC" });
        let counted = quantity(&count.to_string(), unit);
        let part = json!([{ "reference_item": item, "quantity": counted }]);
        let follow_up = |document_type: &str| {
            let header = match document_type {
                "OR" => json!({ "document_type": document_type, "reference": order.to_string() }),
                _ => json!({ "document_type": document_type, "reference": order.to_string(),
                    "order_reason": "200" }),
            };
            Call::create("sales_document", json!({ "header": header, "items": part }))
        };
        let change = |body: Value| Call::change(order, None, body);
        let change_item =
            |name: &str, value: Value| change(json!({ "items": [{ "item": item, name: value }] }));
        match verb {
            TakeUp => follow_up("OR"),
            Return => follow_up("RE"),
            CreditRequest => follow_up("CR"),
            SetQuantity => change_item("quantity", counted),
            Reject => change_item("rejection_reason", json!("10")),
            Reopen => change_item("reopen", json!(true)),
            AddItem => {
                let items = self.shop.items(&[(PRODUCTS[other % 3], count)]);
                change(json!({ "items": items, "conditions": [] }))
            }
            PriceByHand => {
                let rate = format!("{}.{:03}", count / 4, count * 23 % 1000);
                change(json!({ "items": [], "conditions": [
                    { "item": item, "condition_type": "PR00", "rate": rate }] }))
            }
            MoveDay => change(json!({ "requested_delivery": self.after(other), "items": [],
                "conditions": [], "new_pricing": count % 2 == 0 })),
            CheckCredit => Call::act(order, "check_credit", json!({})),
            Reschedule => Call::act(order, "reschedule", json!({})),
            _ => Call::act(order, "release_credit", json!({ "reason": "trusted" })),
        }
    }

    fn ship(&self, step: Step) -> Option<Call> {
        let Step { verb, which, other, count } = step;
        let order = pick(&self.made.orders, which);
        let deliver = |body: Value| Some(Call::act(order?, "deliver", body));
        let delivery =
            |action| Some(Call::act(pick(&self.made.deliveries, which)?, action, json!({})));
        match verb {
            Deliver => deliver(json!({ "items": [] })),
            DeliverPart => {
                let item = if other % 2 == 0 { 10 } else { 20 };
                let part = quantity(&(1 + count / 4).to_string(), "PC");
                deliver(json!({ "items": [{ "item": item, "quantity": part }] }))
            }
            DeliverLater => {
                deliver(json!({ "planned_goods_issue": self.after(other), "items": [] }))
            }
            DeliverTogether => {
                let orders = [order?, pick(&self.made.orders, other)?];
                let items = orders.map(|order| json!({ "order": order.to_string() }));
                Some(Call::create("delivery", json!({ "items": items })))
            }
            Issue => delivery("post_goods_issue"),
            ReverseIssue => delivery("reverse_goods_issue"),
            _ => delivery("cancel"),
        }
    }

    fn bill(&self, step: Step) -> Option<Call> {
        let Step { verb, which, other, count } = step;
        let bill = |deliveries: Vec<Value>, orders: Vec<Value>| {
            let body = json!({ "deliveries": deliveries, "orders": orders });
            Some(Call::act_on_all::<BillingDocument>("bill", body))
        };
        let delivery = |which| pick(&self.made.deliveries, which).map(|found| found.to_string());
        match verb {
            Bill => {
                let found = [delivery(which)?, delivery(other)?];
                bill(found.map(|delivery| json!({ "delivery": delivery })).to_vec(), Vec::new())
            }
            BillItem => {
                let item = if other % 2 == 0 { 10 } else { 20 };
                bill(vec![json!({ "delivery": delivery(which)?, "item": item })], Vec::new())
            }
            _ => {
                let order = pick(&self.made.orders, which)?;
                if count % 2 == 0 {
                    return Some(Call::act(order, "bill", json!({})));
                }
                let hours = quantity(&(1 + count / 5).to_string(), "H");
                let part = json!({ "order": order.to_string(), "item": 20, "quantity": hours });
                bill(Vec::new(), vec![part])
            }
        }
    }

    fn settle(&self, step: Step) -> Option<Call> {
        let Step { verb, which, count, .. } = step;
        let invoice = pick(&self.made.invoices, which);
        match verb {
            CancelInvoice => Some(Call::act(invoice?, "cancel", json!({ "reason": "wrong" }))),
            CancelPayment => {
                Some(Call::act(pick(&self.made.payments, which)?, "cancel", json!({})))
            }
            _ => {
                let header = self.shop.load(invoice?).value.header;
                let open = self.shop.open_amount(invoice?);
                let minor = if verb == PayTooMuch { open + count } else { open * count / 39 };
                let receivable = self.shop.receivable(invoice?).to_string();
                let body = json!({ "company_code": "1000",
                    "amount": money(minor, header.currency.code()),
                    "partner": header.payer.to_string(),
                    "allocations": [{ "receivable": receivable }] });
                Some(Call::act_on_all::<Payment>("pay", body))
            }
        }
    }

    fn stock(&self, step: Step) -> Option<Call> {
        let Step { verb, which, other, count } = step;
        let product = PRODUCTS[which % 2];
        let receipt = pick(&self.made.receipts, which);
        match verb {
            Receive => Some(self.shop.movement_call("101", product, count, json!({}))),
            WriteOff => Some(self.shop.movement_call("551", product, count, json!({}))),
            Announce => Some(self.shop.announce_call(product, count, &self.after(1 + other))),
            ReverseMovement => {
                Some(Call::act(pick(&self.made.movements, which)?, "reverse", json!({})))
            }
            Arrive => Some(self.arrive(receipt?, count)),
            CancelReceipt => Some(Call::act(receipt?, "cancel", json!({}))),
            _ => Some(Call::act(receipt?, "change", json!({ "date": self.after(other) }))),
        }
    }

    fn arrive(&self, receipt: Ref<PlannedReceipt>, count: i64) -> Call {
        let product = self.shop.load(receipt).terms.product;
        let item = json!({ "product": product.to_string(), "plant": "1000",
            "quantity": quantity(&count.to_string(), "PC"),
            "planned_receipt": receipt.to_string() });
        let body = json!({ "movement_type": "101", "items": [item] });
        Call::act_on_all::<GoodsMovement>("post", body)
    }

    /// Receipts of the days that are about to be over arrive in time.
    pub(crate) fn arrivals(&self, days: usize) -> Vec<Call> {
        let until = day(&self.after(days));
        let due = self.made.receipts.iter().filter_map(|receipt| {
            let terms = self.shop.load(*receipt).value.terms;
            let is_due = terms.date < until && !terms.open_quantity.is_zero();
            let open = || i64::try_from(terms.open_quantity.value()).unwrap();
            is_due.then(|| self.arrive(*receipt, open()))
        });
        due.collect()
    }

    fn maintain(&self, step: Step) -> Call {
        let Step { verb, which, other, count } = step;
        let partner = self.shop.partner(CUSTOMERS[which % CUSTOMERS.len()]);
        let name = PRODUCTS[which % PRODUCTS.len()];
        let renamed = json!({ "general": { "name": format!("name {other} {count}") } });
        match verb {
            RenamePartner => Call::change(partner, None, renamed),
            RenameProduct => Call::change(self.shop.product_id(name), None, renamed),
            Reprice | MarkDown => self.reprice(name, count, verb == MarkDown),
            Revalue => {
                let price = json!({ "plant": "1000", "standard_price": euros(600 + count) });
                Call::act(self.shop.product_id(PRODUCTS[which % 2]), "change_standard_price", price)
            }
            NewPartner => {
                let body = self.shop.customer_body("newcomer", &Customer::default());
                Call::create("business_partner", body)
            }
            _ => self.shop.limit_call("tight", count * 10),
        }
    }

    /// Another price of a product from now on, or a lower one.
    fn reprice(&self, product: &str, count: i64, only_down: bool) -> Call {
        let id = self.shop.price_of(product);
        let record = self.shop.json(id);
        let mut rates = record["rates"].clone();
        let former = parse_decimal(rates[0]["rate"].as_str().unwrap()).unwrap();
        let drawn = Decimal::new((1 + count) * 100 + count * 23 % 100, 2);
        let rate = if only_down { drawn.min(former) } else { drawn };
        rates[0]["rate"] = json!(format!("{rate:.2}"));
        Call::change(id, None, json!({ "rates": rates }))
    }

    /// What is wrong, in a sentence, as long as everything was steady.
    pub(crate) fn broken_rule(&self) -> Option<String> {
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
                .made
                .orders
                .iter()
                .filter(|order| self.shop.credit_status(**order) == CreditStatus::Approved);
            format!("{customer} is beyond the limit with {} approved orders", approved.count())
        })
    }
}
