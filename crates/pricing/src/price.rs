//! Pricing a document, and explaining how.

use tessera_kernel::Tx;

use crate::explanation::{Explanation, Notes};
use crate::records::StoredRecords;
use crate::run::run;
use crate::trace::NoTrace;
use crate::{Exchange, Priced, PricingError, PricingHeader, PricingItem, PricingSettings};

/// Prices the items of a document. Nothing is stored: the caller keeps the conditions as segment
/// `pricing_condition`.
///
/// Every value is rounded once, to the currency of the document by the rule of the header; the
/// totals are sums of rounded values. `exchange` converts rates in other currencies; see
/// [`crate::no_exchange`]. A missing required condition makes an item incomplete and is no error.
pub fn price(
    tx: &mut Tx<'_>,
    settings: &PricingSettings,
    header: &PricingHeader,
    items: &[PricingItem],
    exchange: &mut Exchange<'_>,
) -> Result<Priced, PricingError> {
    let program = settings.program(header.procedure)?;
    run(&mut StoredRecords { tx, exchange }, &mut NoTrace, program, header, items)
}

/// Prices the items of a document and tells line by line what was looked for, what was found and
/// why something else was not. It is the same computation as [`price`].
pub fn explain(
    tx: &mut Tx<'_>,
    settings: &PricingSettings,
    header: &PricingHeader,
    items: &[PricingItem],
    exchange: &mut Exchange<'_>,
) -> Result<Explanation, PricingError> {
    let program = settings.program(header.procedure)?;
    let mut notes = Notes::new(program, header, items);
    let priced = run(&mut StoredRecords { tx, exchange }, &mut notes, program, header, items)?;
    Ok(notes.explanation(program, header, priced))
}
