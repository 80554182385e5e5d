//! What deliveries and billing documents take up of a sales document, and give back.

use tessera_document::{Fulfilled, Fulfilments, fulfil, fulfilments, withdraw};
use tessera_kernel::{Quantity, Ref, Stored, Tx, from_micros, to_micros};

use crate::customizing::BillingRelevance;
use crate::reference::{quotation_of, taken_up};
use crate::{
    CreditStatus, SalesDocument, SalesError, SalesItem, SalesSettings, SalesStatus, commitment,
};

/// A sales document with what was taken up of it, in the hands of a verb of a later document.
#[derive(Debug)]
pub struct Taking {
    /// The document.
    pub document: Stored<SalesDocument>,
    /// What was taken up.
    pub fulfilments: Fulfilments,
    promised_anew: bool,
}

impl Taking {
    /// Loads a document with its fulfilments.
    pub fn load(tx: &mut Tx<'_>, id: Ref<SalesDocument>) -> Result<Self, SalesError> {
        let document = tx.load(id)?;
        let fulfilments = fulfilments(tx, id.id())?;
        Ok(Self { document, fulfilments, promised_anew: false })
    }

    /// What may be taken up of an item in all, in micro-units of the base unit: by deliveries
    /// what is confirmed, by order-related billing what is ordered, by delivery-related billing
    /// what is delivered.
    pub fn limit(
        &self,
        settings: &SalesSettings,
        item: &SalesItem,
        what: Fulfilled,
    ) -> Result<i64, SalesError> {
        let whole = to_micros(item.base_quantity.value())?;
        if item.rejection_reason.is_some() && what != Fulfilled::Billed {
            return Ok(self.fulfilments.of(item.item).delivered);
        }
        let rule = settings.item_categories.get(item.item_category);
        Ok(match what {
            Fulfilled::Referenced => whole,
            Fulfilled::Delivered if !rule.is_some_and(|rule| rule.delivery) => 0,
            Fulfilled::Delivered => {
                let mut confirmed = 0;
                for line in self.document.schedule_of(item.item) {
                    confirmed += to_micros(line.confirmed.value())?;
                }
                confirmed
            }
            Fulfilled::Billed => match rule.map(|rule| rule.billing) {
                Some(BillingRelevance::Order) if item.rejection_reason.is_none() => whole,
                Some(BillingRelevance::Delivery) => self.fulfilments.of(item.item).delivered,
                _ => 0,
            },
        })
    }

    /// What is left of an item for a later document.
    pub fn open(
        &self,
        settings: &SalesSettings,
        item: &SalesItem,
        what: Fulfilled,
    ) -> Result<i64, SalesError> {
        let taken = self.fulfilments.of(item.item);
        let done = match what {
            Fulfilled::Referenced => taken.referenced,
            Fulfilled::Delivered => taken.delivered,
            Fulfilled::Billed => taken.billed,
        };
        Ok((self.limit(settings, item, what)? - done).max(0))
    }

    /// Takes up `quantity` micro-units of the base unit of an item. Answers the credit value in
    /// minor units that goes with it: the taker counts for it from now on.
    pub fn take(
        &mut self,
        tx: &mut Tx<'_>,
        number: u32,
        what: Fulfilled,
        quantity: i64,
    ) -> Result<i64, SalesError> {
        let settings = tx.settings::<SalesSettings>()?;
        let item = self.item(number)?.clone();
        let limit = self.limit(settings, &item, what)?;
        let credit = self.credit_with(settings, &item, what, quantity)?;
        let id = self.document.head.id;
        if !fulfil(tx, (id, number), what, quantity, credit, limit)? {
            let unit = item.base_quantity.unit();
            let open = self.open(settings, &item, what)?;
            return Err(SalesError::NothingLeft {
                number: self.document.number(),
                item: number,
                open: Quantity::new(from_micros(open), unit)?.to_string(),
                wanted: Quantity::new(from_micros(quantity), unit)?.to_string(),
            });
        }
        self.fulfilments.add(number, what, quantity, credit);
        Ok(credit)
    }

    /// Gives back what a later document took up.
    pub fn give_back(
        &mut self,
        tx: &mut Tx<'_>,
        number: u32,
        what: Fulfilled,
        quantity: i64,
        credit: i64,
    ) -> Result<(), SalesError> {
        withdraw(tx, (self.document.head.id, number), what, quantity, credit)?;
        let before = self.of_quotation(number)?;
        self.fulfilments.add(number, what, -quantity, -credit);
        match (before, self.of_quotation(number)?) {
            (Some((id, item, before)), Some((_, _, after))) if after < before => {
                let mut quotation = Self::load(tx, id)?;
                quotation.give_back(tx, item, Fulfilled::Referenced, before - after, 0)?;
                quotation.finish(tx)
            }
            _ => Ok(()),
        }
    }

    /// The quotation and its item that an item takes up, and how much of it.
    fn of_quotation(
        &self,
        number: u32,
    ) -> Result<Option<(Ref<SalesDocument>, u32, i64)>, SalesError> {
        let item = self.item(number)?;
        let Some((id, source)) = quotation_of(self.document.header.category, item) else {
            return Ok(None);
        };
        Ok(Some((id, source, taken_up(item, self.fulfilments.of(number))?)))
    }

    /// Whether what is open of an item counts as an open order and is promised: not where the
    /// document is blocked or the item is rejected.
    pub fn holds(&self, number: u32) -> Result<bool, SalesError> {
        let rejected = self.item(number)?.rejection_reason.is_some();
        Ok(!rejected && self.document.status.credit != CreditStatus::Blocked)
    }

    /// Promises what is open of an item anew, after a delivery gave a part of it back;
    /// `delivered` is what deliveries had taken up before, in micro-units of the base unit.
    pub fn promise_anew(
        &mut self,
        tx: &mut Tx<'_>,
        number: u32,
        delivered: i64,
    ) -> Result<(), SalesError> {
        let item = self.item(number)?.clone();
        commitment::release_stock(tx, &self.document, &item, delivered)?;
        let today = crate::create::today(tx, &self.document)?;
        let position = self.document.items.iter().position(|known| known.item == number);
        if let Some(position) = position {
            let delivered = self.fulfilments.of(number).delivered;
            commitment::promise(tx, &mut self.document.value, position, delivered, today)?;
        }
        self.promised_anew = true;
        Ok(())
    }

    /// Brings the status of the document up to date; the last step of a verb.
    pub fn finish(mut self, tx: &mut Tx<'_>) -> Result<(), SalesError> {
        if !self.promised_anew {
            return refresh_status(tx, &self.document, &self.fulfilments);
        }
        let settings = tx.settings::<SalesSettings>()?;
        self.document.status = crate::status::of(settings, &self.document, &self.fulfilments)?;
        tx.save(&mut self.document)?;
        Ok(())
    }

    /// An item of the document.
    pub fn item(&self, number: u32) -> Result<&SalesItem, SalesError> {
        self.document.value.item(number).ok_or_else(|| {
            SalesError::field("items", format!("{} has no item {number}", self.document.number()))
        })
    }

    /// Credit moves on with the delivery; with the invoice only where nothing is delivered.
    fn credit_with(
        &self,
        settings: &SalesSettings,
        item: &SalesItem,
        what: Fulfilled,
        quantity: i64,
    ) -> Result<i64, SalesError> {
        let header = &self.document.header;
        let checked = settings
            .document_types
            .get(header.document_type)
            .is_some_and(|document_type| document_type.credit_check);
        let rule = settings.item_categories.get(item.item_category);
        let by_order = rule.is_some_and(|rule| rule.billing == BillingRelevance::Order);
        let taken = self.fulfilments.of(item.item);
        match what {
            Fulfilled::Delivered if checked => {
                Ok(commitment::credit_share(item, taken, taken.delivered, quantity)?)
            }
            Fulfilled::Billed if checked && by_order => {
                Ok(commitment::credit_share(item, taken, taken.billed, quantity)?)
            }
            _ => Ok(0),
        }
    }
}

/// Writes the status that follows from what was taken up.
pub(crate) fn refresh_status(
    tx: &mut Tx<'_>,
    document: &Stored<SalesDocument>,
    fulfilments: &Fulfilments,
) -> Result<(), SalesError> {
    let settings = tx.settings::<SalesSettings>()?;
    let status = crate::status::of(settings, &document.value, fulfilments)?;
    if status == document.status {
        return Ok(());
    }
    tx.edit::<SalesDocument, SalesStatus, ()>(document.id(), |stored| *stored = status)?;
    Ok(())
}
