//! Quotations and orders: asked for, taken up, changed, blocked and released.

use serde_json::{Map, Value, json};
use tessera_kernel::{Problem, Ref};
use tessera_sales::{CreditStatus, Progress, SalesDocument, SalesStatus};

use crate::DemoError;
use crate::agenda::{Event, Trade};
use crate::catalogue::Kind;
use crate::goods::Good;
use crate::office::plus;

impl Trade<'_> {
    /// A customer comes, with an order or to ask for a quotation.
    pub(crate) fn approach(&mut self) -> Result<(), DemoError> {
        let house = match self.office.dice.below(100) {
            0..52 => 0,
            52..82 => 1,
            _ => 2,
        };
        let own: Vec<usize> = (0..self.customers.len())
            .filter(|position| {
                self.customers[*position].house.code == crate::company::HOUSES[house].code
            })
            .collect();
        let customer = own[self.office.dice.early(own.len())];
        let asks = self.office.dice.percent(12);
        let body = self.document(customer, if asks { "QT" } else { "OR" });
        let made = self.office.create(self.customers[customer].house, "sales_document", body);
        let document = self.office.expect(|| "sales document".to_string(), made)?;
        let document = Ref::new(document);
        if asks {
            let days = self.office.dice.between(3, 24);
            self.later(days, Event::Decide { quotation: document, customer });
            return Ok(());
        }
        self.ordered(document, customer)
    }

    fn document(&mut self, customer: usize, document_type: &str) -> Value {
        let buyer = self.customers[customer];
        let dice = &mut self.office.dice;
        let wanted = match dice.below(10) {
            0..5 => 0,
            5..8 => dice.between(1, 6),
            _ => dice.between(7, 30),
        };
        let office = buyer.house.code;
        let mut header = Map::new();
        header.insert("document_type".into(), document_type.into());
        header.insert("sold_to".into(), buyer.id.to_string().into());
        header.insert("sales_organisation".into(), office.as_str().into());
        header.insert("distribution_channel".into(), buyer.channel.as_str().into());
        header.insert("division".into(), "00".into());
        let reference = format!("PO-{}", dice.between(10_000, 99_999));
        header.insert("customer_reference".into(), reference.into());
        let today = self.office.today;
        header.insert("requested_delivery".into(), plus(today, wanted).to_string().into());
        if self.office.dice.percent(25) {
            header.insert("order_reason".into(), "100".into());
        }
        json!({
            "header": header, "items": self.items(buyer.channel.as_str() == "20"),
            "conditions": self.conditions(), "texts": self.texts(),
        })
    }

    fn items(&mut self, small: bool) -> Value {
        let dice = &mut self.office.dice;
        let count = if small { 1 } else { [1, 1, 2, 2, 3, 3, 4, 5, 6, 8][dice.position(10)] };
        let mut items = Vec::new();
        let mut chosen: Vec<usize> = Vec::new();
        while items.len() < count {
            let position = dice.early(self.goods.len());
            // What comes early in the catalogue is not what sells best: the order is shuffled.
            let position = position * 89 % self.goods.len();
            let good = self.goods[position];
            if chosen.contains(&position) || good.family.code == "TS" {
                chosen.push(position);
                if chosen.len() > 40 {
                    break;
                }
                continue;
            }
            chosen.push(position);
            let (least, most) = good.usual;
            let most = if small { least + (most - least) / 12 } else { most };
            let wanted = dice.between(least, most).min(dice.between(least, most));
            items.push(item(&good, wanted));
        }
        items.into()
    }

    fn conditions(&mut self) -> Value {
        if !self.office.dice.percent(6) {
            return json!([]);
        }
        let percent = self.office.dice.between(1, 5).to_string();
        json!([{ "condition_type": "HA00", "rate": percent }])
    }

    fn texts(&mut self) -> Value {
        if !self.office.dice.percent(5) {
            return json!([]);
        }
        let text = *self.office.dice.pick(&[
            "Deliver to gate 3, ring twice.",
            "Please call before you come.",
            "Fork-lift truck is there until 15:00.",
        ]);
        json!([{ "kind": "SHIP", "language": "en", "text": text }])
    }

    /// What follows an order.
    fn ordered(&mut self, order: Ref<SalesDocument>, customer: usize) -> Result<(), DemoError> {
        if self.office.dice.percent(5) {
            self.change_mind(order, customer)?;
        }
        if self.look_at(order)?.0.credit == CreditStatus::Blocked {
            let days = self.office.dice.between(1, 3);
            self.later(days, Event::Credit { order, customer, tries: 0 });
            return Ok(());
        }
        self.approved(order, customer)
    }

    /// What follows an order that nothing keeps.
    fn approved(&mut self, order: Ref<SalesDocument>, customer: usize) -> Result<(), DemoError> {
        let (status, wanted, services) = self.look_at(order)?;
        let wait = i64::from(wanted) + self.office.dice.between(0, 1);
        if services {
            let days = wait + self.office.dice.between(2, 9);
            self.later(days, Event::BillServices { order, customer });
        }
        if status.delivery != Progress::NotRelevant {
            self.later(wait, Event::Deliver { order, customer, tries: 0 });
        }
        Ok(())
    }

    /// Status of an order, days until its goods are wanted, and whether it has services.
    fn look_at(
        &mut self,
        order: Ref<SalesDocument>,
    ) -> Result<(SalesStatus, i32, bool), DemoError> {
        let today = self.office.today;
        let found = self.office.read(|tx| {
            let document = tx.load(order)?;
            let days = tessera_kernel::date_to_days(document.header.requested_delivery)
                - tessera_kernel::date_to_days(today);
            let services = document.items.iter().any(|item| item.item_category.as_str() == "TAD");
            Ok((document.value.status, days.max(0), services))
        });
        self.office.expect(|| "an order".to_string(), found)
    }

    /// The customer wants more or less of the first item, or does not want it at all.
    fn change_mind(&mut self, order: Ref<SalesDocument>, customer: usize) -> Result<(), DemoError> {
        let house = self.customers[customer].house;
        let found = self.office.read(|tx| Ok(tx.load(order)?.value.items));
        let items = self.office.expect(|| "an order".to_string(), found)?;
        let first = &items[0];
        let change = if items.len() > 1 && self.office.dice.percent(35) {
            json!({ "item": first.item, "rejection_reason": "10" })
        } else {
            let percent = self.office.dice.between(50, 160);
            let value = first.quantity.value() * tessera_kernel::Decimal::new(percent, 2);
            let value = value.round().max(1.into());
            json!({ "item": first.item, "quantity": { "value": tessera_kernel::format_decimal(value),
                "unit": first.quantity.unit().code() } })
        };
        let changed =
            self.office.change(house, order, json!({ "items": [change], "conditions": [] }));
        self.office.attempt("change of an order", changed).map(drop)
    }

    /// The customer takes a quotation up, in part or in full, or lets it expire.
    pub(crate) fn decide(
        &mut self,
        quotation: Ref<SalesDocument>,
        customer: usize,
    ) -> Result<(), DemoError> {
        let house = self.customers[customer].house;
        let body = match self.office.dice.below(100) {
            0..45 => json!([]),
            45..60 => json!([{ "reference_item": 10 }]),
            60..72 => {
                let reject = json!({ "items": [{ "item": 10, "rejection_reason": "30" }],
                    "conditions": [] });
                let rejected = self.office.change(house, quotation, reject);
                return self.office.attempt("rejection", rejected).map(drop);
            }
            _ => return Ok(()),
        };
        let body = json!({ "header": { "document_type": "OR", "reference": quotation.to_string() },
            "items": body });
        let made = self.office.create(house, "sales_document", body);
        match self.office.attempt("order of a quotation", made)? {
            Some(order) => self.ordered(Ref::new(order), customer),
            None => Ok(()),
        }
    }

    /// A blocked order: somebody waits for money, lets it through, or gives it up.
    pub(crate) fn look_at_credit(
        &mut self,
        order: Ref<SalesDocument>,
        customer: usize,
        tries: u8,
    ) -> Result<(), DemoError> {
        let house = self.customers[customer].house;
        let checked = self.office.act(house, order, "check_credit", json!({}));
        self.office.expect(|| "credit check".to_string(), checked)?;
        if self.look_at(order)?.0.credit != CreditStatus::Blocked {
            return self.approved(order, customer);
        }
        match self.office.dice.below(100) {
            0..25 => {
                let reason = *self.office.dice.pick(&[
                    "Payment announced by the customer",
                    "Approved by the head of sales",
                    "Key account, limit is being raised",
                ]);
                let release = json!({ "reason": reason });
                let released = self.office.act(house, order, "release_credit", release);
                self.office.expect(|| "credit release".to_string(), released)?;
                self.approved(order, customer)
            }
            25..35 if tries > 2 => self.reject_all(order, customer, "10"),
            _ if tries < 6 => {
                let days = self.office.dice.between(3, 9);
                self.later(days, Event::Credit { order, customer, tries: tries + 1 });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Gives up what is open of an order.
    pub(crate) fn reject_all(
        &mut self,
        order: Ref<SalesDocument>,
        customer: usize,
        reason: &str,
    ) -> Result<(), DemoError> {
        let house = self.customers[customer].house;
        let found = self.office.read(|tx| {
            let items = tessera_sales::item_fulfilments(tx, order).map_err(Problem::from)?;
            Ok(items)
        });
        let items = self.office.expect(|| "an order".to_string(), found)?;
        let changes: Vec<Value> = items
            .iter()
            .filter(|item| !item.rejected && item.delivered.value() < item.ordered.value())
            .filter(|item| item.delivery != Progress::NotRelevant)
            .map(|item| json!({ "item": item.item, "rejection_reason": reason }))
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        let changed =
            self.office.change(house, order, json!({ "items": changes, "conditions": [] }));
        self.office.attempt("rejection", changed).map(drop)
    }
}

/// An item: in full boxes where the quantity is large.
fn item(good: &Good, wanted: i64) -> Value {
    let boxed = good.family.boxed;
    let (value, unit) = match wanted / boxed {
        boxes @ 3.. if boxed > 1 => (boxes, "BOX"),
        _ if good.family.kind == Kind::Service => (wanted, "H"),
        _ => (wanted, good.family.unit),
    };
    json!({ "product": good.id.to_string(),
        "quantity": { "value": value.to_string(), "unit": unit } })
}
