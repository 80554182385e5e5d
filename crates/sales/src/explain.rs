//! How a document's prices come about, line by line.

use serde_json::Value;
use tessera_kernel::{Ref, Tx};
use tessera_organisation::OrganisationSettings;
use tessera_pricing::{PricingSettings, explain_stored};

use crate::pricing_request::{convert, request};
use crate::{SalesDocument, SalesError};

/// How the prices that a document has came about, line by line; and what they would be if
/// everything was priced anew, with all that was entered.
pub(crate) fn explain(tx: &mut Tx<'_>, id: Ref<SalesDocument>) -> Result<Value, SalesError> {
    let settings = tx.settings::<PricingSettings>()?;
    let document = tx.load(id)?;
    let header = settings.manual_of_header(&document.conditions, |_| true);
    // Rows of a document that was loaded are in order of their items.
    let rows_of = |item: u32| {
        let rows = &document.conditions;
        let first = rows.partition_point(|row| row.item < item);
        &rows[first..rows.partition_point(|row| row.item <= item)]
    };
    let items = document
        .items
        .iter()
        .map(|item| (item.item, settings.manual_of_item(rows_of(item.item), item.item)))
        .collect();
    let (header, items) = request(tx, &document, header, items)?;
    let conditions = &document.conditions;
    let explanation = explain_stored(tx, settings, (&header, &items), conditions, &mut convert)?;
    let language = tx.settings::<OrganisationSettings>()?.installation.language;
    Ok(explanation.to_json(language)?)
}
