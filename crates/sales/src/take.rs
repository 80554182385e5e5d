//! What deliveries and billing documents take up of a sales document, and give back.

use tessera_document::{FULFILMENT, Fulfilled, Fulfilments, fulfil, fulfilments, withdraw};
use tessera_kernel::{Code, Money, Quantity, Ref, Stored, Tx, from_micros, to_micros};
use tessera_partner::BusinessPartner;

use crate::customizing::BillingRelevance;
use crate::reference::{source_of, taken_up};
use crate::{Category, SalesDocument, SalesError, SalesItem, SalesSettings, commitment};

/// A sales document with what was taken up of it, in the hands of a verb of a later document.
#[derive(Debug)]
pub struct Taking {
    /// The document.
    pub document: Stored<SalesDocument>,
    /// What was taken up.
    pub fulfilments: Fulfilments,
    /// What left by item, in micro-units of the base unit; read where a return needs it.
    pub(crate) issued: Vec<(u32, i64)>,
    /// What credit memo requests claim by item, likewise; read where a request needs it.
    pub(crate) claimed: Vec<(u32, i64)>,
    /// Credit value that the document counts for as an open order, as the exposure has it.
    counted: i64,
    promised_anew: bool,
}

impl Taking {
    /// Loads a document with its fulfilments.
    pub fn load(tx: &mut Tx<'_>, id: Ref<SalesDocument>) -> Result<Self, SalesError> {
        let document: Stored<SalesDocument> = tx.load_with(id, &FULFILMENT)?;
        let fulfilments = fulfilments(tx, id.id())?;
        let checked = is_checked(tx, &document)?;
        let counted = commitment::open_credit(&document, checked, &fulfilments)?;
        let (issued, claimed) = (Vec::new(), Vec::new());
        Ok(Self { document, fulfilments, issued, claimed, counted, promised_anew: false })
    }

    /// What may be taken up of an item in all, in micro-units of the base unit: by orders what is
    /// offered, by deliveries what is confirmed, by order-related billing what is ordered, by
    /// delivery-related billing what is delivered, by returns what left or was billed.
    pub fn limit(
        &self,
        settings: &SalesSettings,
        item: &SalesItem,
        what: Fulfilled,
    ) -> Result<i64, SalesError> {
        let whole = to_micros(item.base_quantity.value())?;
        let taken = self.fulfilments.of(item.item);
        let rejected = item.rejection_reason.is_some();
        let rule = settings.item_categories.get(item.item_category);
        Ok(match what {
            Fulfilled::Referenced if self.document.header.category != Category::Quotation => {
                sum_of(&self.issued, item.item).max(taken.billed)
            }
            Fulfilled::Referenced => {
                if rejected {
                    0
                } else {
                    whole
                }
            }
            Fulfilled::Delivered if rejected => taken.delivered,
            Fulfilled::Delivered if !rule.is_some_and(|rule| rule.delivery) => 0,
            Fulfilled::Delivered => {
                let mut confirmed = 0;
                for line in self.document.schedule_of(item.item) {
                    confirmed += to_micros(line.confirmed.value())?;
                }
                confirmed
            }
            Fulfilled::Billed => match rule.map(|rule| rule.billing) {
                Some(BillingRelevance::Order) if !rejected => whole,
                Some(BillingRelevance::Delivery) => taken.delivered,
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

    /// Takes up `quantity` micro-units of the base unit of an item. `in_deliveries` is the credit
    /// value in minor units by which its deliveries count for more (or, once billed, for less).
    pub fn take(
        &mut self,
        tx: &mut Tx<'_>,
        number: u32,
        what: Fulfilled,
        quantity: i64,
        in_deliveries: i64,
    ) -> Result<(), SalesError> {
        let settings = tx.settings::<SalesSettings>()?;
        let item = self.item(number)?;
        let limit = self.limit(settings, item, what)?;
        let id = self.document.head.id;
        if !fulfil(tx, (id, number), what, quantity, in_deliveries, limit)? {
            let open = self.open(settings, item, what)?;
            return Err(SalesError::NothingLeft {
                number: self.document.number(),
                item: number,
                open: self.in_base_unit(number, open)?,
                wanted: self.in_base_unit(number, quantity)?,
            });
        }
        self.fulfilments.add(number, what, quantity, in_deliveries);
        Ok(())
    }

    /// Credit value in minor units that goes with the next `quantity` of an item to a delivery, or
    /// to a billing document where the order itself is billed.
    pub fn credit_of_next(
        &self,
        tx: &Tx<'_>,
        number: u32,
        what: Fulfilled,
        quantity: i64,
    ) -> Result<i64, SalesError> {
        if !is_checked(tx, &self.document)? {
            return Ok(0);
        }
        let taken = self.fulfilments.of(number);
        let done = if what == Fulfilled::Billed { taken.billed } else { taken.delivered };
        Ok(commitment::credit_share(self.item(number)?, done, quantity)?)
    }

    /// By how much the document counts for more as an open order since it was loaded or this was
    /// asked; the exposure must follow. With credit control area and payer; none where it does not
    /// change.
    pub fn credit_change(
        &mut self,
        tx: &Tx<'_>,
    ) -> Result<Option<(Code, Ref<BusinessPartner>, Money)>, SalesError> {
        let checked = is_checked(tx, &self.document)?;
        let counts = commitment::open_credit(&self.document, checked, &self.fulfilments)?;
        let more = counts - std::mem::replace(&mut self.counted, counts);
        let Some(item) = self.document.items.first().filter(|_| more != 0) else {
            return Ok(None);
        };
        let (area, payer) = commitment::account(&self.document)?;
        Ok(Some((area, payer, Money::from_minor(more, item.credit_value.currency()))))
    }

    /// Gives back what a later document took up; the exact opposite of [`Taking::take`].
    pub fn give_back(
        &mut self,
        tx: &mut Tx<'_>,
        number: u32,
        what: Fulfilled,
        quantity: i64,
        in_deliveries: i64,
    ) -> Result<(), SalesError> {
        withdraw(tx, (self.document.head.id, number), what, quantity, in_deliveries)?;
        let before = self.of_source(number)?;
        self.fulfilments.add(number, what, -quantity, -in_deliveries);
        if what == Fulfilled::Billed {
            self.check_billed(tx, number)?;
        }
        match (before, self.of_source(number)?) {
            (Some((id, item, before)), Some((_, _, after))) if after < before => {
                let mut source = Self::load(tx, id)?;
                source.give_back(tx, item, Fulfilled::Referenced, before - after, 0)?;
                source.finish(tx)
            }
            _ => Ok(()),
        }
    }

    /// What is claimed by a credit memo request stays billed, and what came back without having
    /// left does too.
    fn check_billed(&mut self, tx: &mut Tx<'_>, number: u32) -> Result<(), SalesError> {
        if self.document.header.category != Category::Order {
            return Ok(());
        }
        let taken = self.fulfilments.of(number);
        if taken.referenced > taken.billed {
            self.issued = crate::issued::issued(tx, self.document.id())?;
            self.check_returned(number)?;
        }
        self.claimed = crate::reference::claimed(tx, self.document.id(), None)?;
        let claimed = sum_of(&self.claimed, number);
        if claimed <= taken.billed {
            return Ok(());
        }
        Err(SalesError::Claimed {
            number: self.document.number(),
            item: number,
            claimed: self.in_base_unit(number, claimed)?,
        })
    }

    /// What came back by a return stays issued or billed.
    pub(crate) fn check_returned(&self, number: u32) -> Result<(), SalesError> {
        let taken = self.fulfilments.of(number);
        let is_order = self.document.header.category == Category::Order;
        if !is_order || taken.referenced <= sum_of(&self.issued, number).max(taken.billed) {
            return Ok(());
        }
        Err(SalesError::Returned {
            number: self.document.number(),
            item: number,
            returned: self.in_base_unit(number, taken.referenced)?,
        })
    }

    /// What credit memo requests claim of an item, where that was read.
    pub(crate) fn claimed_of(&self, number: u32) -> i64 {
        sum_of(&self.claimed, number)
    }

    /// What a credit memo request may still claim of an item: what is billed and not claimed.
    pub(crate) fn claimable(&self, number: u32) -> i64 {
        (self.fulfilments.of(number).billed - sum_of(&self.claimed, number)).max(0)
    }

    /// Takes note that an item of a credit memo request claims `quantity` micro-units of the base
    /// unit in all, which is at most what others left of what is billed.
    pub(crate) fn claim(&mut self, number: u32, quantity: i64) -> Result<(), SalesError> {
        let open = self.claimable(number);
        if quantity > open {
            return Err(SalesError::NothingLeft {
                number: self.document.number(),
                item: number,
                open: self.in_base_unit(number, open)?,
                wanted: self.in_base_unit(number, quantity)?,
            });
        }
        self.claimed.push((number, quantity));
        Ok(())
    }

    /// Micro-units of the base unit of an item as people read them.
    fn in_base_unit(&self, number: u32, micros: i64) -> Result<String, SalesError> {
        let unit = self.item(number)?.base_quantity.unit();
        Ok(Quantity::new(from_micros(micros), unit)?.to_string())
    }

    /// The document and its item that an item takes up, and how much of it.
    fn of_source(&self, number: u32) -> Result<Option<(Ref<SalesDocument>, u32, i64)>, SalesError> {
        let item = self.item(number)?;
        let Some((id, source)) = source_of(self.document.header.category, item) else {
            return Ok(None);
        };
        Ok(Some((id, source, taken_up(item, self.fulfilments.of(number))?)))
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
        crate::promise::release_stock(tx, &self.document, &item, delivered)?;
        let today = crate::create::today(tx, &self.document)?;
        let position = self.document.items.iter().position(|known| known.item == number);
        if let Some(position) = position {
            let delivered = self.fulfilments.of(number).delivered;
            crate::promise::promise(tx, &mut self.document.value, position, delivered, today)?;
        }
        self.promised_anew = true;
        Ok(())
    }

    /// Brings the status of the document up to date; the last step of a verb.
    pub fn finish(mut self, tx: &mut Tx<'_>) -> Result<(), SalesError> {
        if !self.promised_anew {
            return refresh_status(tx, &mut self.document, &self.fulfilments);
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
}

/// What is listed for an item.
fn sum_of(list: &[(u32, i64)], item: u32) -> i64 {
    list.iter().filter(|(number, _)| *number == item).map(|(_, quantity)| quantity).sum()
}

/// Whether the document counts in the credit exposure.
fn is_checked(tx: &Tx<'_>, document: &SalesDocument) -> Result<bool, SalesError> {
    let document_types = &tx.settings::<SalesSettings>()?.document_types;
    Ok(document_types.get(document.header.document_type).is_some_and(|rule| rule.credit_check))
}

/// Writes the status that follows from what was taken up.
pub(crate) fn refresh_status(
    tx: &mut Tx<'_>,
    document: &mut Stored<SalesDocument>,
    fulfilments: &Fulfilments,
) -> Result<(), SalesError> {
    let settings = tx.settings::<SalesSettings>()?;
    let status = crate::status::of(settings, &document.value, fulfilments)?;
    Ok(tx.edit_loaded(document, |document| &mut document.status, |stored| *stored = status)?)
}
