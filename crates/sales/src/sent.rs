//! What the caller of a verb sent, so that a finding about the document names the field that it
//! comes from.

use tessera_credit::CreditError;
use tessera_kernel::{Code, Fault, StoreError};
use tessera_organisation::OrganisationError;
use tessera_pricing::{Place, PricingError};

use crate::SalesError;
use crate::draft::{DraftItem, ItemChange, ManualCondition, SalesChange, SalesDraft};

/// The fields of the input that decide about items and their conditions.
pub(crate) struct Sent<'s> {
    items: Vec<SentItem>,
    conditions: &'s [ManualCondition],
    /// What decides about the items that the caller did not send.
    rest: &'static str,
    /// What decides about the currency of the document.
    currency: &'static str,
}

/// An item as the caller sent it.
struct SentItem {
    number: u32,
    path: String,
    /// The field that decides about its quantity.
    quantity: String,
}

impl<'s> Sent<'s> {
    /// Of a new document; its items are added as they get their numbers.
    pub(crate) fn new(draft: &'s SalesDraft) -> Self {
        let header = &draft.header;
        let copied = header.reference.is_some() && draft.items.is_empty();
        let inherited =
            if header.reference.is_some() { "header.reference" } else { "header.sold_to" };
        Self {
            items: Vec::with_capacity(draft.items.len()),
            conditions: &draft.conditions,
            rest: if copied { "header.reference" } else { "items" },
            currency: if header.currency.is_some() { "header.currency" } else { inherited },
        }
    }

    /// Of the change of a document; its items are added as they are found.
    pub(crate) fn change(change: &'s SalesChange) -> Self {
        let header = &change.header;
        let rest = [
            ("pricing_date", header.pricing_date.is_some()),
            ("payment_terms", header.payment_terms.is_some()),
            ("incoterms", header.incoterms.is_some()),
            ("new_pricing", header.new_pricing),
            ("conditions", !change.conditions.is_empty()),
        ];
        let rest = rest.iter().find(|(_, given)| *given).map_or("items", |(field, _)| field);
        Self { items: Vec::new(), conditions: &change.conditions, rest, currency: rest }
    }

    /// Takes note of an item of a new document. An item that says no quantity has that of the item
    /// which it refers to.
    pub(crate) fn add(&mut self, number: u32, path: &str, item: &DraftItem) {
        let field = if item.quantity.is_some() { "quantity" } else { "reference_item" };
        self.note(number, path, Some(field));
    }

    /// Takes note of an item that is changed.
    pub(crate) fn add_change(&mut self, number: u32, path: &str, item: &ItemChange) {
        let fields = [
            ("quantity", item.quantity.is_some()),
            ("reopen", item.reopen),
            ("plant", item.plant.is_some()),
        ];
        let field = fields.iter().find(|(_, given)| *given).map(|(field, _)| *field);
        self.note(number, path, field);
    }

    fn note(&mut self, number: u32, path: &str, field: Option<&str>) {
        let quantity = field.map_or_else(|| path.to_string(), |field| format!("{path}.{field}"));
        self.items.push(SentItem { number, path: path.to_string(), quantity });
    }

    /// Whether an item of this number was sent already.
    pub(crate) fn has_item(&self, number: u32) -> bool {
        self.items.iter().any(|item| item.number == number)
    }

    fn sent(&self, number: u32) -> Option<&SentItem> {
        self.items.iter().find(|item| item.number == number)
    }

    /// An item, or what brought it.
    fn item(&self, number: u32) -> String {
        self.sent(number).map_or_else(|| self.rest.to_string(), |item| item.path.clone())
    }

    /// The field that decides about the quantity of an item.
    pub(crate) fn quantity(&self, number: u32) -> &str {
        self.sent(number).map_or(self.rest, |item| &item.quantity)
    }

    /// An error of pricing or of the values that follow from it, at the field that it comes from.
    pub(crate) fn locate(&self, error: SalesError) -> SalesError {
        let path = match &error {
            SalesError::BelowZero { item, condition_type, .. } => {
                let field = self.condition(Some(*item), *condition_type, "rate");
                Some(field.unwrap_or_else(|| self.item(*item)))
            }
            SalesError::CostTooLarge { item } => Some(self.quantity(*item).to_string()),
            SalesError::Pricing(PricingError::Fault(fault)) | SalesError::Fault(fault)
                if does_not_fit(fault) =>
            {
                Some(self.rest.to_string())
            }
            SalesError::Credit(CreditError::Fault(fault)) if does_not_fit(fault) => {
                Some(self.rest.to_string())
            }
            SalesError::Pricing(refused) => self.entry(refused),
            SalesError::Organisation(OrganisationError::NoRate { .. })
            | SalesError::Credit(CreditError::Organisation(OrganisationError::NoRate { .. })) => {
                Some(self.currency.to_string())
            }
            _ => None,
        };
        match path {
            Some(path) => error.at(path),
            None => error,
        }
    }

    /// The field of the entry that pricing refuses, or what brought it. A value that is too large
    /// comes of the price that was entered, or of the quantity.
    fn entry(&self, refused: &PricingError) -> Option<String> {
        let (place, condition_type, field) = refused.entry()?;
        let item = match place {
            Place::Header => None,
            Place::Item(number) => Some(number),
        };
        let found = match refused {
            PricingError::TooLarge { .. } => self
                .position(|own| own.item == item && own.condition_type == condition_type)
                .or_else(|| self.position(|own| own.item == item))
                .map(|position| format!("conditions[{position}].{field}")),
            _ => self.condition(item, condition_type, field),
        };
        let brought = || item.map_or(self.rest, |number| self.quantity(number)).to_string();
        Some(found.unwrap_or_else(brought))
    }

    /// The field of the condition of a type that was sent for an item, or for all of them.
    fn condition(&self, item: Option<u32>, condition_type: Code, field: &str) -> Option<String> {
        let sent = |item: Option<u32>| {
            self.position(|own| own.item == item && own.condition_type == condition_type)
        };
        let found = sent(item).or_else(|| sent(None));
        found.map(|position| format!("conditions[{position}].{field}"))
    }

    fn position(&self, is_it: impl Fn(&ManualCondition) -> bool) -> Option<usize> {
        self.conditions.iter().position(is_it)
    }
}

/// Whether a fault says that a figure is too large to be kept.
fn does_not_fit(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Money(_)
            | Fault::Quantity(_)
            | Fault::Decimal(_)
            | Fault::Store(StoreError::OutOfRange(_))
    )
}
