//! Invoices and money.

use serde_json::{Value, json};
use tessera_billing::{BillingCategory, BillingDocument, BillingHeader};
use tessera_delivery::Delivery;
use tessera_finance::{Payment, PostingPeriod, Receivable, ReceivableItem};
use tessera_kernel::{Cell, Date, Money, Ref, date_to_days, format_decimal};
use tessera_sales::SalesDocument;

use crate::DemoError;
use crate::agenda::{Event, Trade};
use crate::company::HOUSES;
use crate::office::id_in;
use crate::partners::Habit;

/// An amount as the API takes it.
fn amount(money: Money) -> Value {
    json!({ "amount": format_decimal(money.amount()), "currency": money.currency().code() })
}

impl Trade<'_> {
    /// Bills a delivery by itself.
    pub(crate) fn bill(
        &mut self,
        delivery: Ref<Delivery>,
        customer: usize,
        order: Ref<SalesDocument>,
    ) -> Result<(), DemoError> {
        let house = self.customers[customer].house;
        let answer = self.office.act(house, delivery, "bill", json!({}));
        if let Some(answer) = self.office.attempt("invoice", answer)? {
            self.billed(&answer, customer)?;
            if self.office.dice.percent(4) {
                let days = self.office.dice.between(8, 25);
                self.later(days, Event::SendBack { order, customer });
            }
        }
        Ok(())
    }

    /// Bills what was delivered in the week to those who want it so.
    pub(crate) fn bill_weekly(&mut self) -> Result<(), DemoError> {
        for (customer, deliveries) in std::mem::take(&mut self.weekly) {
            let house = self.customers[customer].house;
            let list: Vec<Value> =
                deliveries.iter().map(|id| json!({ "delivery": id.to_string() })).collect();
            let body = json!({ "deliveries": list, "orders": [] });
            let answer = self.office.act_on_all::<BillingDocument>(house, "bill", body);
            if let Some(answer) = self.office.attempt("collective invoice", answer)? {
                self.billed(&answer, customer)?;
            }
        }
        Ok(())
    }

    /// Bills the services of an order.
    pub(crate) fn bill_services(
        &mut self,
        order: Ref<SalesDocument>,
        customer: usize,
    ) -> Result<(), DemoError> {
        let house = self.customers[customer].house;
        let answer = self.office.act(house, order, "bill", json!({}));
        match self.office.attempt("invoice of services", answer)? {
            Some(answer) => self.billed(&answer, customer),
            None => Ok(()),
        }
    }

    /// What follows billing documents.
    pub(crate) fn billed(&mut self, answer: &Value, customer: usize) -> Result<(), DemoError> {
        let documents = answer["documents"].as_array().cloned().unwrap_or_default();
        for id in documents.iter().filter_map(id_in::<BillingDocument>) {
            let header = self.header_of(id)?;
            if header.category == BillingCategory::CreditMemo {
                let days = self.office.dice.between(2, 12);
                self.later(days, Event::Settle { memo: id, customer });
                continue;
            }
            if self.office.dice.per_mille(15) {
                let days = self.office.dice.between(1, 6);
                self.later(days, Event::Correct { invoice: id, customer });
            }
            let days = self.days_to_pay(&header, customer);
            self.later(days, Event::Pay { invoice: id, customer });
        }
        Ok(())
    }

    pub(crate) fn header_of(
        &mut self,
        id: Ref<BillingDocument>,
    ) -> Result<BillingHeader, DemoError> {
        let found = self.office.read(|tx| Ok(tx.segment_one(id.id())?));
        self.office.expect(|| "a billing document".to_string(), found)
    }

    /// Days until a customer pays an invoice.
    fn days_to_pay(&mut self, header: &BillingHeader, customer: usize) -> i64 {
        let due = i64::from(date_to_days(header.due_date) - date_to_days(self.office.today));
        let discount = header.payment_terms.as_str() == "D10N30";
        let dice = &mut self.office.dice;
        let days = match self.customers[customer].habit {
            Habit::Early if discount => dice.between(5, 9),
            Habit::Early => due - dice.between(0, 4),
            Habit::Punctual => due + dice.between(-2, 4),
            Habit::Late => due + dice.between(6, 38),
            Habit::Never => due + dice.between(25, 160),
        };
        days.max(1)
    }

    /// The open item of a billing document, if it is still open.
    pub(crate) fn open_item(
        &mut self,
        id: Ref<BillingDocument>,
    ) -> Result<Option<(Ref<Receivable>, ReceivableItem)>, DemoError> {
        let found = self.office.read(|tx| {
            let document = Cell::Uuid(id.id().0);
            let Some(item) = tx.find::<Receivable>("document", document)?.first().copied() else {
                return Ok(None);
            };
            let record: ReceivableItem = tx.segment_one(item.id())?;
            Ok((!record.open_amount.is_zero()).then_some((item, record)))
        });
        self.office.expect(|| "an open item".to_string(), found)
    }

    /// Money comes in: in full, in part, with the cash discount, a little short or too much.
    pub(crate) fn pay(
        &mut self,
        invoice: Ref<BillingDocument>,
        customer: usize,
    ) -> Result<(), DemoError> {
        let payer = self.customers[customer];
        let Some((receivable, item)) = self.open_item(invoice)? else { return Ok(()) };
        if item.open_amount.is_negative() {
            return Ok(());
        }
        if payer.habit == Habit::Never && self.office.dice.percent(12) {
            let body = json!({ "reason": "Insolvency of the customer" });
            let given_up = self.office.act(payer.house, receivable, "write_off", body);
            self.office.attempt("bad debt", given_up)?;
            return Ok(());
        }
        let open = item.open_amount;
        let discount = item.discount_on(self.office.today, 0, open);
        let discount = discount.unwrap_or(Money::zero(open.currency()));
        let minor = |money: Money, percent: i64| {
            Money::from_minor(money.minor() * percent / 100, money.currency())
        };
        let mut allocation = json!({ "receivable": receivable.to_string() });
        let money = match self.office.dice.below(100) {
            _ if discount.is_positive() => {
                allocation["discount"] = amount(discount);
                open.minus(discount).unwrap_or(open)
            }
            0..4 if open.minor() > 10_000 => {
                let days = self.office.dice.between(12, 30);
                self.later(days, Event::Pay { invoice, customer });
                minor(open, 50)
            }
            4..6 if open.minor() > 10_000 => {
                allocation["remainder"] = json!("write_off");
                let short = self.office.dice.between(1, 90);
                Money::from_minor(open.minor() - short, open.currency())
            }
            6 => Money::from_minor(open.minor() + 5_000, open.currency()),
            _ => open,
        };
        let bank = format!("BANK-{}", payer.house.code);
        let body = json!({
            "company_code": payer.house.code.as_str(), "partner": item.partner.to_string(),
            "amount": amount(money), "house_bank": bank,
            "reference": format!("Invoice {}", item.document_number),
            "allocations": [allocation],
        });
        let paid = self.office.act_on_all::<Payment>(payer.house, "pay", body);
        let paid = self.office.attempt("payment", paid)?;
        if let Some(payment) = paid.as_ref().and_then(id_in::<Payment>)
            && self.office.dice.per_mille(4)
        {
            // The bank returns the money.
            let returned = self.office.act(payer.house, payment, "cancel", json!({}));
            self.office.attempt("return of a payment", returned)?;
            self.later(9, Event::Pay { invoice, customer });
        }
        Ok(())
    }

    /// Books of the month before last are closed.
    pub(crate) fn close_books(&mut self, day: Date) -> Result<(), DemoError> {
        let months = i32::from(day.year()) * 12 + i32::from(day.month()) - 1 - 2;
        for house in &HOUSES {
            let body = json!({ "company_code": house.code.as_str(),
                "fiscal_year": months.div_euclid(12), "period": months.rem_euclid(12) + 1 });
            let closed = self.office.act_on_all::<PostingPeriod>(house, "close", body);
            self.office.expect(|| "closing of a period".to_string(), closed)?;
        }
        Ok(())
    }
}
