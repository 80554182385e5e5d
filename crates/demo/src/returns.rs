//! Goods that come back, credit memos, and invoices that were wrong.

use serde_json::json;
use tessera_billing::BillingDocument;
use tessera_delivery::Delivery;
use tessera_finance::{OpenItemsData, Payment};
use tessera_kernel::{Decimal, Problem, Ref, format_decimal};
use tessera_sales::SalesDocument;

use crate::DemoError;
use crate::agenda::{Event, Trade};

impl Trade<'_> {
    /// A part of the first item comes back, or its price turns out to be too high or too low.
    pub(crate) fn send_back(
        &mut self,
        order: Ref<SalesDocument>,
        customer: usize,
    ) -> Result<(), DemoError> {
        let house = self.customers[customer].house;
        let found = self.office.read(|tx| Ok(tx.load(order)?.value.items));
        let items = self.office.expect(|| "an order".to_string(), found)?;
        let first = &items[0];
        let part = (first.quantity.value() * Decimal::new(3, 1)).ceil();
        let goods = first.item_category.as_str() == "TAN" && self.office.dice.percent(75);
        let (document_type, reason) = match goods {
            true => ("RE", *self.office.dice.pick(&["200", "210", "220"])),
            false if self.office.dice.percent(20) => ("DR", "300"),
            false => ("CR", "300"),
        };
        let body = json!({
            "header": { "document_type": document_type, "reference": order.to_string(),
                "order_reason": reason },
            "items": [{ "reference_item": first.item,
                "quantity": { "value": format_decimal(part), "unit": first.quantity.unit().code() } }],
        });
        let made = self.office.create(house, "sales_document", body);
        let Some(made) = self.office.attempt("return", made)? else { return Ok(()) };
        let made: Ref<SalesDocument> = Ref::new(made);
        if goods {
            let days = self.office.dice.between(3, 9);
            self.later(days, Event::Deliver { order: made, customer, tries: 0 });
        } else {
            self.later(2, Event::BillServices { order: made, customer });
        }
        Ok(())
    }

    /// A credit memo is cleared against the oldest invoice that is open, or paid out.
    pub(crate) fn settle(
        &mut self,
        memo: Ref<BillingDocument>,
        customer: usize,
    ) -> Result<(), DemoError> {
        let house = self.customers[customer].house;
        let Some((receivable, item)) = self.open_item(memo)? else { return Ok(()) };
        let whose = OpenItemsData {
            partner: item.partner,
            company_code: Some(house.code),
            limit: 50,
            after: None,
        };
        let found = self.office.read(|tx| {
            let items = tessera_finance::open_items(tx, &whose).map_err(Problem::from)?.items;
            let mut others = items.into_iter().filter(|other| {
                let amount = other.item.open_amount;
                amount.is_positive() && amount.currency() == item.open_amount.currency()
            });
            Ok(others.next().map(|other| other.id))
        });
        let invoice = self.office.expect(|| "open items".to_string(), found)?;
        let memo_line = json!({ "receivable": receivable.to_string() });
        let done = if let Some(invoice) = invoice {
            let body = json!({ "company_code": house.code.as_str(),
                "partner": item.partner.to_string(), "reference": "Credit memo",
                "allocations": [{ "receivable": invoice.to_string() }, memo_line] });
            self.office.act_on_all::<Payment>(house, "clear", body)
        } else {
            let back = item.open_amount.abs();
            let body = json!({ "company_code": house.code.as_str(),
                "partner": item.partner.to_string(),
                "amount": { "amount": format_decimal(back.amount()),
                    "currency": back.currency().code() },
                "house_bank": format!("BANK-{}", house.code),
                "reference": format!("Credit memo {}", item.document_number),
                "allocations": [memo_line] });
            self.office.act_on_all::<Payment>(house, "refund", body)
        };
        self.office.attempt("settlement of a credit memo", done).map(drop)
    }

    /// The discount that was promised was forgotten: the invoice is cancelled and made again.
    pub(crate) fn correct(
        &mut self,
        invoice: Ref<BillingDocument>,
        customer: usize,
    ) -> Result<(), DemoError> {
        let house = self.customers[customer].house;
        let found = self.office.read(|tx| Ok(tx.load(invoice)?.value.items));
        let items = self.office.expect(|| "an invoice".to_string(), found)?;
        let body = json!({ "reason": "Discount was forgotten" });
        let cancelled = self.office.act(house, invoice, "cancel", body);
        if self.office.attempt("cancellation of an invoice", cancelled)?.is_none() {
            return Ok(());
        }
        let order = items[0].order;
        let change = json!({ "items": [],
            "conditions": [{ "condition_type": "HA00", "rate": "3" }] });
        let changed = self.office.change(house, order, change);
        self.office.attempt("discount", changed)?;
        let mut deliveries: Vec<Ref<Delivery>> =
            items.iter().filter_map(|item| item.delivery).collect();
        deliveries.sort_unstable();
        deliveries.dedup();
        if deliveries.is_empty() {
            self.later(0, Event::BillServices { order, customer });
            return Ok(());
        }
        let list: Vec<_> =
            deliveries.iter().map(|id| json!({ "delivery": id.to_string() })).collect();
        let body = json!({ "deliveries": list, "orders": [] });
        let answer = self.office.act_on_all::<BillingDocument>(house, "bill", body);
        match self.office.attempt("second invoice", answer)? {
            Some(answer) => self.billed(&answer, customer),
            None => Ok(()),
        }
    }
}
