//! Status follows from the items and what their successors took up.

use tessera_document::{Fulfilments, Taken};
use tessera_kernel::{Fault, to_micros};

use crate::customizing::BillingRelevance;
use crate::{Category, Progress, SalesDocument, SalesItem, SalesSettings, SalesStatus};

/// How far an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ItemProgress {
    /// Delivery.
    pub delivery: Progress,
    /// Billing (of a quotation: orders that referred to it).
    pub billing: Progress,
}

/// Progress of a step that has done `done` of `whole`.
fn progress(done: i64, whole: i64) -> Progress {
    if done <= 0 {
        Progress::Open
    } else if done < whole {
        Progress::Partial
    } else {
        Progress::Complete
    }
}

/// The whole from its parts: not relevant ones do not count.
fn together(parts: impl Iterator<Item = Progress>) -> Progress {
    let (mut any, mut open, mut complete) = (false, true, true);
    for part in parts.filter(|part| *part != Progress::NotRelevant) {
        any = true;
        open &= part == Progress::Open;
        complete &= part == Progress::Complete;
    }
    match (any, open, complete) {
        (false, ..) => Progress::NotRelevant,
        (_, true, _) => Progress::Open,
        (_, _, true) => Progress::Complete,
        _ => Progress::Partial,
    }
}

/// How far an item is. A rejected item is done with what it has.
pub(crate) fn item_progress(
    settings: &SalesSettings,
    category: Category,
    item: &SalesItem,
    taken: Taken,
) -> Result<ItemProgress, Fault> {
    let whole = to_micros(item.base_quantity.value())?;
    let rule = settings.item_categories.get(item.item_category);
    let rejected = item.rejection_reason.is_some();
    if category == Category::Quotation {
        let referenced =
            if rejected { Progress::Complete } else { progress(taken.referenced, whole) };
        return Ok(ItemProgress { delivery: Progress::NotRelevant, billing: referenced });
    }
    let delivers = rule.is_some_and(|rule| rule.delivery);
    let (delivery, billing_base) = match (delivers, rejected) {
        (false, _) => (Progress::NotRelevant, whole),
        (true, false) => (progress(taken.delivered, whole), whole),
        (true, true) if taken.delivered == 0 => (Progress::NotRelevant, 0),
        (true, true) => (Progress::Complete, taken.delivered),
    };
    let billing = match rule.map(|rule| rule.billing) {
        None | Some(BillingRelevance::None) => Progress::NotRelevant,
        Some(_) if rejected && taken.billed == 0 && billing_base == 0 => Progress::NotRelevant,
        Some(BillingRelevance::Order) if rejected => Progress::Complete,
        Some(_) => progress(taken.billed, billing_base),
    };
    Ok(ItemProgress { delivery, billing })
}

/// The status of a document by its items and what was taken up of them.
pub(crate) fn of(
    settings: &SalesSettings,
    document: &SalesDocument,
    fulfilments: &Fulfilments,
) -> Result<SalesStatus, Fault> {
    let category = document.header.category;
    let mut items = Vec::with_capacity(document.items.len());
    for item in &document.items {
        items.push(item_progress(settings, category, item, fulfilments.of(item.item))?);
    }
    let delivery = together(items.iter().map(|item| item.delivery));
    let billing = together(items.iter().map(|item| item.billing));
    let overall = match together([delivery, billing].into_iter()) {
        // Every item was rejected: there is nothing left to do.
        Progress::NotRelevant => Progress::Complete,
        progress => progress,
    };
    Ok(SalesStatus { overall, delivery, billing, ..document.status.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_open_partial_or_complete_by_what_is_done() {
        assert_eq!(progress(0, 5), Progress::Open);
        assert_eq!(progress(4, 5), Progress::Partial);
        assert_eq!(progress(5, 5), Progress::Complete);
    }

    #[test]
    fn the_whole_is_complete_only_when_every_relevant_part_is() {
        use Progress::{Complete, NotRelevant, Open, Partial};
        assert_eq!(together([Complete, NotRelevant].into_iter()), Complete);
        assert_eq!(together([Complete, Open].into_iter()), Partial);
        assert_eq!(together([Open, Open].into_iter()), Open);
        assert_eq!(together([Partial].into_iter()), Partial);
        assert_eq!(together([NotRelevant].into_iter()), NotRelevant);
        assert_eq!(together(std::iter::empty()), NotRelevant);
    }
}
