//! A sales document as pricing sees it.

use serde_json::Value;
use tessera_document::{SHIP_TO, partner_in};
use tessera_kernel::{
    Code, Currency, Date, Decimal, Fault, Money, Quantity, Ref, Rounding, RoundingRule, Stored, Tx,
};
use tessera_organisation::{OrganisationSettings, Rate, exchange, rate_on};
use tessera_partner::{BusinessPartner, PartnerSalesArea};
use tessera_pricing::{
    KeyField, KeyFields, ManualCondition as Manual, Part, PricingCondition, PricingHeader,
    PricingItem, PricingSettings, ProcedureKey, Totals, copy_for_part,
};

use crate::customizing::DocumentType;
use crate::draft::{ManualCondition, SalesChange};
use crate::resolve::{Area, reference_of};
use crate::{SalesDocument, SalesError, SalesItem, SalesSettings};

/// The pricing procedure of a document: the document type's own, or the one that customizing
/// determines.
pub(crate) fn procedure(
    tx: &Tx<'_>,
    document_type: &DocumentType,
    area: Area,
    terms: &PartnerSalesArea,
) -> Result<Code, SalesError> {
    if let Some(procedure) = document_type.pricing_procedure {
        return Ok(procedure);
    }
    let key = ProcedureKey {
        sales_organisation: area.organisation,
        distribution_channel: area.channel,
        division: area.division,
        document_class: None,
        customer_class: terms.pricing_procedure_class,
    };
    Ok(tx.settings::<PricingSettings>()?.procedure(&key)?)
}

/// Prices a new document. Items made with reference keep the conditions of their source, in
/// proportion, unless conditions were entered for them or the source is incomplete.
pub(crate) fn price(
    tx: &mut Tx<'_>,
    document: &mut SalesDocument,
    manual: &[ManualCondition],
    reference: Option<&Stored<SalesDocument>>,
) -> Result<(), SalesError> {
    check_manual(document, manual)?;
    let rounding = rounding(tx, document)?;
    let entered = |item: Option<u32>| -> Vec<Manual> {
        manual.iter().filter(|manual| manual.item == item).map(to_manual).collect()
    };
    let header = entered(None);
    let mut conditions = Vec::new();
    let mut fresh: Vec<(u32, Vec<Manual>)> = Vec::new();
    for item in &document.items {
        let own = entered(Some(item.item));
        let copied = match reference {
            Some(source) if header.is_empty() && own.is_empty() && !source.status.incomplete => {
                copy(rounding, source, item)?
            }
            _ => None,
        };
        match copied {
            Some(copied) => conditions.extend(copied),
            None => fresh.push((item.item, own)),
        }
    }
    run(tx, document, header, fresh, conditions)
}

/// Prices a changed document. What was entered by hand stays, unless new pricing is asked for.
pub(crate) fn reprice(
    tx: &mut Tx<'_>,
    document: &mut SalesDocument,
    change: &SalesChange,
) -> Result<(), SalesError> {
    let settings = tx.settings::<PricingSettings>()?;
    check_manual(document, &change.conditions)?;
    let keep = !change.header.new_pricing;
    let entered = |former: Vec<Manual>, item: Option<u32>| -> Vec<Manual> {
        let new: Vec<Manual> =
            change.conditions.iter().filter(|manual| manual.item == item).map(to_manual).collect();
        let mut kept: Vec<Manual> = if keep { former } else { Vec::new() };
        kept.retain(|old| !new.iter().any(|new| new.condition_type == old.condition_type));
        kept.extend(new);
        kept
    };
    let header = entered(settings.manual_of_header(&document.conditions), None);
    let items = document
        .items
        .iter()
        .map(|item| {
            let former = settings.manual_of_item(&document.conditions, item.item);
            (item.item, entered(former, Some(item.item)))
        })
        .collect();
    run(tx, document, header, items, Vec::new())
}

fn check_manual(document: &SalesDocument, manual: &[ManualCondition]) -> Result<(), SalesError> {
    for (position, condition) in manual.iter().enumerate() {
        if let Some(item) = condition.item.filter(|item| document.item(*item).is_none()) {
            let path = format!("conditions[{position}].item");
            return Err(SalesError::field(path, format!("there is no item {item}")));
        }
    }
    Ok(())
}

fn to_manual(condition: &ManualCondition) -> Manual {
    Manual {
        currency: condition.currency,
        per: condition.per,
        ..Manual::new(condition.condition_type, condition.rate)
    }
}

/// The conditions of an item's source for the quantity of the item.
fn copy(
    rounding: RoundingRule,
    source: &SalesDocument,
    item: &SalesItem,
) -> Result<Option<Vec<PricingCondition>>, SalesError> {
    let Some((_, number)) = reference_of(item) else { return Ok(None) };
    let Some(from) = source.item(number) else { return Ok(None) };
    let conditions: Vec<PricingCondition> =
        source.conditions.iter().filter(|row| row.item == number).cloned().collect();
    if conditions.is_empty() || from.product != item.product {
        return Ok(None);
    }
    let part = Part { quantity: item.base_quantity, ..Part::all(from.base_quantity) };
    Ok(Some(copy_for_part(&conditions, item.item, part, rounding)?))
}

/// Prices the `fresh` items, adds the conditions that were copied, and writes values and totals
/// into the document.
fn run(
    tx: &mut Tx<'_>,
    document: &mut SalesDocument,
    header: Vec<Manual>,
    fresh: Vec<(u32, Vec<Manual>)>,
    copied: Vec<PricingCondition>,
) -> Result<(), SalesError> {
    let settings = tx.settings::<PricingSettings>()?;
    let mut incomplete = false;
    let mut conditions = copied;
    if !fresh.is_empty() {
        let (header, items) = request(tx, document, header, fresh)?;
        let priced = tessera_pricing::price(tx, settings, &header, &items, &mut convert)?;
        incomplete = !priced.is_complete();
        conditions.extend(priced.conditions);
    }
    conditions.sort_by_key(|row| (row.item, row.step, row.counter));
    document.conditions = conditions;
    document.status.incomplete = incomplete;
    set_values(tx, document)
}

/// Item values are the sums of their conditions, document totals those of the items that are not
/// rejected.
fn set_values(tx: &mut Tx<'_>, document: &mut SalesDocument) -> Result<(), SalesError> {
    let currency = document.header.currency;
    let (mut net, mut tax) = (Money::zero(currency), Money::zero(currency));
    let area = document.header.credit_control_area;
    for item in &mut document.items {
        let rows = document.conditions.iter().filter(|row| row.item == item.item);
        let totals = Totals::of(rows, currency)?;
        item.net_value = totals.net;
        item.tax_value = totals.tax;
        item.credit_value =
            tessera_credit::credit_value(tx, area, totals.gross, document.header.document_date)?;
        if item.rejection_reason.is_none() {
            net = net.plus(totals.net)?;
            tax = tax.plus(totals.tax)?;
        }
    }
    document.header.net_value = net;
    document.header.tax_value = tax;
    Ok(())
}

/// An amount in another currency at the rate of a day; nothing where there is no rate.
fn convert(
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

/// The document, or some of its items, as pricing wants it.
fn request(
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

/// How values of a document are rounded: commercially, in the steps of the company that sells.
pub fn rounding(tx: &Tx<'_>, document: &SalesDocument) -> Result<RoundingRule, SalesError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let (_, company) = organisation
        .company_of_sales_organisation(document.header.sales_organisation)
        .map_err(|message| SalesError::field("header.sales_organisation", message))?;
    Ok(RoundingRule { mode: Rounding::HalfUp, step_minor: company.rounding_step })
}

fn is_priced(tx: &Tx<'_>, item: &SalesItem) -> Result<bool, SalesError> {
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
            let exact = plant.standard_price.amount() * item.base_quantity.value()
                / Decimal::from(plant.price_unit.max(1));
            let currency = plant.standard_price.currency();
            let cost = Money::round(exact, currency, Rounding::HalfUp)?;
            let day = header.document_date;
            Some(exchange(tx, cost, header.currency, day, Rounding::HalfUp)?)
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

/// How a document's prices come about, line by line.
pub(crate) fn explain(tx: &mut Tx<'_>, id: Ref<SalesDocument>) -> Result<Value, SalesError> {
    let settings = tx.settings::<PricingSettings>()?;
    let document = tx.load(id)?;
    let header = settings.manual_of_header(&document.conditions);
    let items = document
        .items
        .iter()
        .map(|item| (item.item, settings.manual_of_item(&document.conditions, item.item)))
        .collect();
    let (header, items) = request(tx, &document, header, items)?;
    let explanation = tessera_pricing::explain(tx, settings, &header, &items, &mut convert)?;
    let language = tx.settings::<OrganisationSettings>()?.installation.language;
    Ok(explanation.to_json(language)?)
}
