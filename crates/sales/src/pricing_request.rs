//! A sales document as pricing sees it: key fields, quantities, weights and costs.

use tessera_document::{SHIP_TO, partner_in};
use tessera_kernel::{
    Code, Currency, Date, Decimal, Fault, Money, Quantity, Ref, Rounding, RoundingRule, Tx,
    to_micros,
};
use tessera_organisation::{OrganisationSettings, Rate, exchange, rate_on};
use tessera_partner::BusinessPartner;
use tessera_pricing::{KeyField, KeyFields, ManualCondition as Manual, PricingHeader, PricingItem};

use crate::{SalesDocument, SalesError, SalesItem, SalesSettings};

/// The document, or some of its items, as pricing wants it.
pub(crate) fn request(
    tx: &mut Tx<'_>,
    document: &SalesDocument,
    header_manual: Vec<Manual>,
    items: Vec<(u32, Vec<Manual>)>,
) -> Result<(PricingHeader, Vec<PricingItem>), SalesError> {
    let header = &document.header;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let (_, company) = organisation
        .company_of_sales_organisation(header.sales_organisation)
        .map_err(|message| SalesError::field("header.sales_organisation", message))?;
    let customer = tx.shared(header.sold_to)?;
    let terms = customer.sales_area_on(
        header.sales_organisation,
        header.distribution_channel,
        header.division,
        header.document_date,
    );
    let ship_to = partner_in(&document.partners, SHIP_TO).unwrap_or(header.sold_to);
    let destination = ship_to_country(tx, ship_to)?;
    let fields = KeyFields::default()
        .with(KeyField::SalesOrganisation, header.sales_organisation)
        .with(KeyField::DistributionChannel, header.distribution_channel)
        .with(KeyField::Division, header.division)
        .with(KeyField::Customer, header.sold_to)
        .with(KeyField::CustomerTaxClass, customer.tax_classification())
        .with(KeyField::PaymentTerms, header.payment_terms)
        .with_some(KeyField::Incoterms, header.incoterms)
        .with(KeyField::ShipToCountry, destination)
        .with_some(KeyField::CustomerGroup, terms.and_then(|terms| terms.customer_group))
        .with_some(KeyField::PriceGroup, terms.and_then(|terms| terms.price_group))
        .with_some(KeyField::PriceList, terms.and_then(|terms| terms.price_list));
    let priced = PricingHeader {
        fields,
        currency: header.currency,
        pricing_date: header.pricing_date,
        rounding: rounding(tx, document)?,
        procedure: header.pricing_procedure,
        manual: header_manual,
    };
    let mut lines = Vec::with_capacity(items.len());
    for (number, manual) in items {
        let Some(item) = document.item(number) else { continue };
        if is_priced(tx, item)? {
            lines.push(line(tx, document, item, manual, company.country)?);
        }
    }
    Ok((priced, lines))
}

/// How values of a document are rounded: commercially; in the currency of the company that sells in
/// its steps, in another to the minor unit.
pub fn rounding(tx: &Tx<'_>, document: &SalesDocument) -> Result<RoundingRule, SalesError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let (_, company) = organisation
        .company_of_sales_organisation(document.header.sales_organisation)
        .map_err(|message| SalesError::field("header.sales_organisation", message))?;
    let own = document.header.currency == company.currency;
    let step_minor = if own { company.rounding_step } else { 1 };
    Ok(RoundingRule { mode: Rounding::HalfUp, step_minor })
}

/// Whether an item has a price.
pub(crate) fn is_priced(tx: &Tx<'_>, item: &SalesItem) -> Result<bool, SalesError> {
    let settings = tx.settings::<SalesSettings>()?;
    Ok(settings.item_categories.get(item.item_category).is_none_or(|rule| rule.pricing))
}

fn ship_to_country(tx: &mut Tx<'_>, ship_to: Ref<BusinessPartner>) -> Result<Code, SalesError> {
    let partner = tx.shared(ship_to)?;
    Ok(partner.address().map_or(partner.general.country, |address| address.country))
}

fn line(
    tx: &mut Tx<'_>,
    document: &SalesDocument,
    item: &SalesItem,
    manual: Vec<Manual>,
    company_country: Code,
) -> Result<PricingItem, SalesError> {
    let header = &document.header;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let product = tx.shared(item.product)?;
    let departure = item
        .plant
        .and_then(|plant| organisation.plants.get(plant))
        .map_or(company_country, |plant| plant.country);
    let sales = product.sales(header.sales_organisation, header.distribution_channel);
    let fields = KeyFields::default()
        .with(KeyField::Product, item.product)
        .with(KeyField::ProductGroup, product.general.product_group)
        .with(KeyField::DepartureCountry, departure)
        .with_some(KeyField::ProductTaxClass, product.tax_class(departure))
        .with_some(KeyField::ProductPriceGroup, sales.and_then(|sales| sales.price_group))
        .with_some(KeyField::Plant, item.plant);
    let weight = product.general.gross_weight.and_then(|weight| {
        let total = weight.value().checked_mul(item.base_quantity.value())?.round_dp(6);
        Quantity::new(total, weight.unit()).ok()
    });
    let cost = match item.plant.and_then(|plant| product.plant(plant)) {
        None => None,
        Some(plant) => {
            let too_large = || SalesError::CostTooLarge { item: item.item };
            let price = plant.standard_price.amount();
            let product = price.checked_mul(item.base_quantity.value()).ok_or_else(too_large)?;
            let exact = product / Decimal::from(plant.price_unit.max(1));
            let currency = plant.standard_price.currency();
            let cost = Money::round(exact, currency, Rounding::HalfUp).map_err(|_| too_large())?;
            let day = header.document_date;
            let cost = exchange(tx, cost, header.currency, day, Rounding::HalfUp)?;
            to_micros(cost.amount()).map_err(|_| too_large())?;
            Some(cost)
        }
    };
    Ok(PricingItem {
        item: item.item,
        quantity: item.quantity,
        base_quantity: item.base_quantity,
        weight,
        cost,
        fields,
        manual,
    })
}

/// An amount in another currency at the rate of a day; nothing where there is no rate.
pub(crate) fn convert(
    tx: &mut Tx<'_>,
    amount: Decimal,
    from: Currency,
    to: Currency,
    on: Date,
) -> Result<Option<Decimal>, Fault> {
    match rate_on(tx, from, to, on) {
        Ok(Rate::Identity) => Ok(Some(amount)),
        Ok(Rate::Direct(rate)) => Ok(amount.checked_mul(rate)),
        Ok(Rate::Inverse(rate)) => Ok(amount.checked_div(rate)),
        Err(tessera_organisation::OrganisationError::Fault(fault)) => Err(fault),
        Err(_) => Ok(None),
    }
}
