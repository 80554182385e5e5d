//! The least quantity of a product that is sold at once.

use tessera_kernel::{Quantity, Stored};
use tessera_product::Product;

use crate::{Category, SalesDocument, SalesError};

/// Refuses less than the minimum that the product has in the document's channel. Returns and
/// requests may be about any part of what was sold.
pub(crate) fn check(
    document: &SalesDocument,
    product: &Stored<Product>,
    base_quantity: Quantity,
    path: &str,
) -> Result<(), SalesError> {
    let header = &document.header;
    if !matches!(header.category, Category::Quotation | Category::Order) {
        return Ok(());
    }
    let sales = product.sales(header.sales_organisation, header.distribution_channel);
    let Some(minimum) = sales.and_then(|sales| sales.minimum_quantity) else { return Ok(()) };
    // A minimum in a unit that is not known any more holds nobody up.
    let Ok(least) = product.to_base(minimum) else { return Ok(()) };
    if base_quantity.compare(least)?.is_ge() {
        return Ok(());
    }
    let message = format!("must be at least {minimum}: {} is not sold in less", product.number());
    Err(SalesError::field(format!("{path}.quantity"), message))
}
