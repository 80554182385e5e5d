//! Verbs by what people say: order, deliver, issue, bill, pay.

use serde_json::{Value, json};
use tessera_billing::BillingDocument;
use tessera_delivery::Delivery;
use tessera_finance::{Payment, Receivable};
use tessera_kernel::{Cell, ObjectId, Problem, Ref};
use tessera_sales::SalesDocument;
use tessera_stock::{GoodsMovement, PlannedReceipt};

use crate::call::Call;
use crate::shop::Shop;

pub(crate) type Order = Ref<SalesDocument>;
pub(crate) type Made<T> = Result<Ref<T>, Problem>;

/// The id in an answer.
pub(crate) fn id_in<T>(answer: &Value) -> Ref<T> {
    let id: ObjectId = answer["id"].as_str().unwrap().parse().unwrap();
    Ref::new(id)
}

/// Puts the members of `more` into `body`.
fn merge(body: &mut Value, more: Value) {
    if let (Value::Object(body), Value::Object(more)) = (body, more) {
        body.extend(more);
    }
}

pub(crate) fn quantity(value: &str, unit: &str) -> Value {
    json!({ "value": value, "unit": unit })
}

pub(crate) fn euros(minor: i64) -> Value {
    money(minor, "EUR")
}

pub(crate) fn money(minor: i64, currency: &str) -> Value {
    let sign = if minor < 0 { "-" } else { "" };
    let minor = minor.abs();
    json!({ "amount": format!("{sign}{}.{:02}", minor / 100, minor % 100), "currency": currency })
}

impl Shop {
    /// Items by product and count of base units.
    pub(crate) fn items(&self, items: &[(&str, i64)]) -> Value {
        let item = |(product, count): &(&str, i64)| {
            let unit = self.load(self.product_id(product)).general.base_unit;
            json!({ "product": self.product_id(product).to_string(),
                "quantity": quantity(&count.to_string(), unit.code()) })
        };
        items.iter().map(item).collect()
    }

    /// A document of a type; `more` are further members of the header.
    pub(crate) fn document(
        &self,
        document_type: &str,
        customer: &str,
        items: Value,
        more: Value,
    ) -> Made<SalesDocument> {
        self.call(self.document_call(document_type, customer, items, more)).map(|made| id_in(&made))
    }

    pub(crate) fn document_call(
        &self,
        document_type: &str,
        customer: &str,
        items: Value,
        more: Value,
    ) -> Call {
        let mut header = json!({
            "document_type": document_type, "sold_to": self.partner(customer).to_string(),
            "sales_organisation": "1000", "distribution_channel": "10", "division": "00",
        });
        merge(&mut header, more);
        Call::create("sales_document", json!({ "header": header, "items": items }))
    }

    pub(crate) fn sales_document(&self, body: Value) -> Made<SalesDocument> {
        self.create("sales_document", body).map(Ref::new)
    }

    /// A document made with reference to another; no items: all that is open.
    pub(crate) fn follow_up(
        &self,
        document_type: &str,
        reference: Order,
        items: Value,
        more: Value,
    ) -> Made<SalesDocument> {
        let mut header =
            json!({ "document_type": document_type, "reference": reference.to_string() });
        merge(&mut header, more);
        self.sales_document(json!({ "header": header, "items": items }))
    }

    pub(crate) fn try_order(&self, customer: &str, items: &[(&str, i64)]) -> Made<SalesDocument> {
        self.document("OR", customer, self.items(items), json!({}))
    }

    #[track_caller]
    pub(crate) fn order(&self, customer: &str, items: &[(&str, i64)]) -> Order {
        self.try_order(customer, items).unwrap()
    }

    /// An order for a day.
    #[track_caller]
    pub(crate) fn order_for(&self, customer: &str, items: &[(&str, i64)], day: &str) -> Order {
        let more = json!({ "requested_delivery": day });
        self.document("OR", customer, self.items(items), more).unwrap()
    }

    /// Changes one item of a document.
    pub(crate) fn change_item(&self, order: Order, item: u32, more: Value) -> Result<(), Problem> {
        let mut change = json!({ "item": item });
        merge(&mut change, more);
        self.change(order, json!({ "items": [change] }))
    }

    pub(crate) fn set_quantity(&self, order: Order, item: u32, count: i64) -> Result<(), Problem> {
        self.change_item(order, item, json!({ "quantity": quantity(&count.to_string(), "PC") }))
    }

    pub(crate) fn reject(&self, order: Order, item: u32) -> Result<(), Problem> {
        self.change_item(order, item, json!({ "rejection_reason": "10" }))
    }

    pub(crate) fn reopen(&self, order: Order, item: u32) -> Result<(), Problem> {
        self.change_item(order, item, json!({ "reopen": true }))
    }

    /// Delivers all that can be delivered today.
    pub(crate) fn try_deliver(&self, order: Order) -> Made<Delivery> {
        self.act(order, "deliver", json!({ "items": [] })).map(|answer| id_in(&answer))
    }

    #[track_caller]
    pub(crate) fn deliver(&self, order: Order) -> Ref<Delivery> {
        self.try_deliver(order).unwrap()
    }

    /// Delivers so many pieces of an item.
    pub(crate) fn deliver_part(&self, order: Order, item: u32, count: i64) -> Made<Delivery> {
        let items = json!([{ "item": item, "quantity": quantity(&count.to_string(), "PC") }]);
        self.act(order, "deliver", json!({ "items": items })).map(|answer| id_in(&answer))
    }

    /// One delivery of several orders.
    pub(crate) fn deliver_together(&self, orders: &[Order]) -> Made<Delivery> {
        let items: Vec<Value> =
            orders.iter().map(|order| json!({ "order": order.to_string() })).collect();
        self.create("delivery", json!({ "items": items })).map(Ref::new)
    }

    pub(crate) fn try_issue(&self, delivery: Ref<Delivery>) -> Result<(), Problem> {
        self.act(delivery, "post_goods_issue", json!({})).map(drop)
    }

    #[track_caller]
    pub(crate) fn issue(&self, delivery: Ref<Delivery>) {
        self.try_issue(delivery).unwrap();
    }

    /// Delivers and issues all that can be delivered today.
    #[track_caller]
    pub(crate) fn ship(&self, order: Order) -> Ref<Delivery> {
        let delivery = self.deliver(order);
        self.issue(delivery);
        delivery
    }

    /// Bills deliveries together.
    pub(crate) fn bill(
        &self,
        deliveries: &[Ref<Delivery>],
    ) -> Result<Vec<Ref<BillingDocument>>, Problem> {
        let list: Vec<Value> =
            deliveries.iter().map(|id| json!({ "delivery": id.to_string() })).collect();
        self.bill_with(json!({ "deliveries": list }))
    }

    pub(crate) fn bill_with(&self, body: Value) -> Result<Vec<Ref<BillingDocument>>, Problem> {
        let mut draft = json!({ "deliveries": [], "orders": [] });
        merge(&mut draft, body);
        let answer = self.act_on_all::<BillingDocument>("bill", draft)?;
        Ok(answer["documents"].as_array().unwrap().iter().map(id_in).collect())
    }

    /// The one invoice of a delivery.
    #[track_caller]
    pub(crate) fn invoice(&self, delivery: Ref<Delivery>) -> Ref<BillingDocument> {
        let made = self.bill(&[delivery]).unwrap();
        assert_eq!(made.len(), 1);
        made[0]
    }

    pub(crate) fn bill_order(&self, order: Order) -> Result<Vec<Ref<BillingDocument>>, Problem> {
        let answer = self.act(order, "bill", json!({}))?;
        Ok(answer["documents"].as_array().unwrap().iter().map(id_in).collect())
    }

    /// From the order to the invoice, today.
    #[track_caller]
    pub(crate) fn sell(&self, customer: &str, items: &[(&str, i64)]) -> Ref<BillingDocument> {
        let order = self.order(customer, items);
        let delivery = self.ship(order);
        self.invoice(delivery)
    }

    pub(crate) fn cancel_invoice(&self, invoice: Ref<BillingDocument>) -> Made<BillingDocument> {
        let answer = self.act(invoice, "cancel", json!({ "reason": "wrong" }))?;
        Ok(id_in(&answer["cancellation"]))
    }

    /// The open item of a billing document.
    pub(crate) fn receivable(&self, invoice: Ref<BillingDocument>) -> Ref<Receivable> {
        let found =
            self.read(|tx| Ok(tx.find::<Receivable>("document", Cell::Uuid(invoice.id().0))?));
        assert_eq!(found.len(), 1);
        found[0]
    }

    /// Money of a customer for invoices; `more` are further members of each allocation.
    pub(crate) fn try_pay(
        &self,
        customer: &str,
        amount: Value,
        invoices: &[Ref<BillingDocument>],
        more: &Value,
    ) -> Made<Payment> {
        let allocations: Vec<Value> = invoices
            .iter()
            .map(|invoice| {
                let mut line = json!({ "receivable": self.receivable(*invoice).to_string() });
                merge(&mut line, more.clone());
                line
            })
            .collect();
        let body = json!({ "company_code": "1000", "amount": amount, "allocations": allocations,
            "partner": self.partner(customer).to_string() });
        self.act_on_all::<Payment>("pay", body).map(|answer| id_in(&answer))
    }

    #[track_caller]
    pub(crate) fn pay(
        &self,
        customer: &str,
        minor: i64,
        invoices: &[Ref<BillingDocument>],
    ) -> Ref<Payment> {
        self.try_pay(customer, euros(minor), invoices, &json!({})).unwrap()
    }

    /// Pieces come in.
    #[track_caller]
    pub(crate) fn receive(&self, product: &str, count: i64) -> Ref<GoodsMovement> {
        self.move_goods("101", product, count, json!({})).unwrap()
    }

    pub(crate) fn move_goods(
        &self,
        movement_type: &str,
        product: &str,
        count: i64,
        more: Value,
    ) -> Made<GoodsMovement> {
        self.call(self.movement_call(movement_type, product, count, more))
            .map(|answer| id_in(&answer))
    }

    pub(crate) fn movement_call(
        &self,
        movement_type: &str,
        product: &str,
        count: i64,
        more: Value,
    ) -> Call {
        let mut item = json!({ "product": self.product_id(product).to_string(), "plant": "1000",
            "quantity": quantity(&count.to_string(), "PC") });
        merge(&mut item, more);
        let body = json!({ "movement_type": movement_type, "items": [item] });
        Call::act_on_all::<GoodsMovement>("post", body)
    }

    /// Pieces are announced for a day.
    pub(crate) fn announce(&self, product: &str, count: i64, day: &str) -> Ref<PlannedReceipt> {
        id_in(&self.call(self.announce_call(product, count, day)).unwrap())
    }

    pub(crate) fn announce_call(&self, product: &str, count: i64, day: &str) -> Call {
        let body = json!({ "kind": "purchase", "product": self.product_id(product).to_string(),
            "plant": "1000", "date": day, "quantity": quantity(&count.to_string(), "PC") });
        Call::create("planned_receipt", body)
    }
}

/// That something is refused at exactly these fields, in words that say this.
#[track_caller]
pub(crate) fn refused<T>(outcome: Result<T, Problem>, paths: &[&str], says: &str) {
    let problem = outcome.err().expect(says);
    let found: Vec<&str> = problem.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(found, paths, "{problem}");
    assert!(problem.detail.contains(says), "{problem} does not say: {says}");
}
