//! A draft and master data become a sales document: header, partner functions, flow.

use std::sync::Arc;

use tessera_document::{
    BILL_TO, DocumentFlow, DocumentKind, PAYER, PartnerFunction, SHIP_TO, SOLD_TO,
};
use tessera_kernel::{
    Code, Date, END_OF_TIME, Fault, FieldProblem, Money, Ref, Stored, Tx, date_from_days,
    date_to_days,
};
use tessera_organisation::OrganisationSettings;
use tessera_partner::{BusinessPartner, PartnerSalesArea};

use crate::customizing::DocumentType;
use crate::draft::DraftHeader;
use crate::seller::Seller;
use crate::{
    Category, CreditStatus, Progress, SalesDocument, SalesError, SalesHeader, SalesStatus,
};

/// Kind of a sales document in a document flow.
pub fn kind_of(category: Category) -> DocumentKind {
    match category {
        Category::Quotation => DocumentKind::Quotation,
        Category::Order => DocumentKind::Order,
        Category::ReturnOrder => DocumentKind::ReturnOrder,
        Category::CreditRequest => DocumentKind::CreditRequest,
        Category::DebitRequest => DocumentKind::DebitRequest,
    }
}

/// The area in which the document sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) organisation: Code,
    pub(crate) channel: Code,
    pub(crate) division: Code,
}

impl Area {
    /// The field that decides about the area: the first one given, else the reference.
    fn field(header: &DraftHeader) -> &'static str {
        let fields = [
            ("header.sales_organisation", header.sales_organisation),
            ("header.distribution_channel", header.distribution_channel),
            ("header.division", header.division),
        ];
        let given = fields.into_iter().find(|(_, given)| given.is_some());
        given.map_or("header.reference", |(field, _)| field)
    }

    fn of(header: &DraftHeader, reference: Option<&SalesDocument>) -> Result<Self, SalesError> {
        let missing = |field: &str| SalesError::field(format!("header.{field}"), "is missing");
        let of = reference.map(|reference| &reference.header);
        Ok(Self {
            organisation: header
                .sales_organisation
                .or(of.map(|of| of.sales_organisation))
                .ok_or_else(|| missing("sales_organisation"))?,
            channel: header
                .distribution_channel
                .or(of.map(|of| of.distribution_channel))
                .ok_or_else(|| missing("distribution_channel"))?,
            division: header
                .division
                .or(of.map(|of| of.division))
                .ok_or_else(|| missing("division"))?,
        })
    }
}

/// Header, partner functions and flow of a new document, without items.
pub(crate) fn document(
    tx: &mut Tx<'_>,
    draft: &DraftHeader,
    document_type: &DocumentType,
    reference: Option<&Stored<SalesDocument>>,
) -> Result<SalesDocument, SalesError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let area = Area::of(draft, reference.map(|stored| &stored.value))?;
    organisation
        .sales_area(area.organisation, area.channel, area.division)
        .map_err(|message| SalesError::field(Area::field(draft), message))?;
    let sold_to = draft
        .sold_to
        .or(reference.map(|reference| reference.header.sold_to))
        .ok_or_else(|| SalesError::field("header.sold_to", "is missing"))?;
    let customer = customer(tx, sold_to, "header.sold_to")?;
    let (_, company) = organisation
        .company_of_sales_organisation(area.organisation)
        .map_err(|message| SalesError::field("header.sales_organisation", message))?;
    let today = tx.today(&company.zone);
    let document_date = draft.document_date.unwrap_or(today);
    let terms = customer
        .sales_area_on(area.organisation, area.channel, area.division, document_date)
        .ok_or_else(|| no_terms(draft, area, &customer, document_date))?;
    let partners = partners(tx, draft, area, sold_to, &customer, reference)?;
    let header =
        header(tx, draft, document_type, reference, (area, sold_to, terms, document_date))?;
    let flow = reference
        .map(|reference| DocumentFlow {
            predecessor: reference.head.id,
            predecessor_kind: kind_of(reference.header.category),
            kind: kind_of(document_type.category),
        })
        .into_iter()
        .collect();
    Ok(SalesDocument {
        header,
        status: fresh_status(),
        items: Vec::new(),
        schedule: Vec::new(),
        conditions: Vec::new(),
        partners,
        flow,
        texts: Vec::new(),
    })
}

/// The customer is not sold to in the area on the day of the document: the day may be wrong too.
fn no_terms(
    draft: &DraftHeader,
    area: Area,
    customer: &BusinessPartner,
    document_date: Date,
) -> SalesError {
    let message = format!(
        "{} has no data for sales area {}/{}/{} on {document_date}: add them to the partner first",
        customer.general.name, area.organisation, area.channel, area.division
    );
    let field = match draft.sold_to {
        None => Area::field(draft),
        Some(_) => "header.sold_to",
    };
    let mut problems = vec![FieldProblem::new(field, message.clone())];
    if draft.document_date.is_some() {
        problems.push(FieldProblem::new("header.document_date", message));
    }
    Fault::Invalid(problems).into()
}

/// Refuses goods that were wanted before the document was made.
pub(crate) fn check_requested(
    document_date: Date,
    requested: Date,
    path: impl Into<String>,
) -> Result<(), SalesError> {
    if requested >= document_date {
        return Ok(());
    }
    let message = format!("must not be before the day of the document, {document_date}");
    Err(SalesError::field(path, message))
}

fn fresh_status() -> SalesStatus {
    SalesStatus {
        overall: Progress::Open,
        delivery: Progress::NotRelevant,
        billing: Progress::NotRelevant,
        credit: CreditStatus::NotChecked,
        credit_release_reason: None,
        incomplete: false,
    }
}

/// A partner that may take part in new documents.
fn customer(
    tx: &mut Tx<'_>,
    id: Ref<BusinessPartner>,
    path: &str,
) -> Result<Arc<Stored<BusinessPartner>>, SalesError> {
    let partner = tx.shared(id)?;
    if partner.general.blocked {
        let message = format!("{} is blocked for new documents", partner.general.name);
        return Err(SalesError::field(path, message));
    }
    Ok(partner)
}

type HeaderContext<'a> = (Area, Ref<BusinessPartner>, &'a PartnerSalesArea, Date);

fn header(
    tx: &mut Tx<'_>,
    draft: &DraftHeader,
    document_type: &DocumentType,
    reference: Option<&Stored<SalesDocument>>,
    (area, sold_to, terms, document_date): HeaderContext<'_>,
) -> Result<SalesHeader, SalesError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let (credit_control_area, _) = organisation
        .credit_control_area_of_sales_organisation(area.organisation)
        .map_err(|message| SalesError::field("header.sales_organisation", message))?;
    let of = reference.map(|stored| &stored.value.header);
    let currency = draft.currency.or(of.map(|of| of.currency)).unwrap_or(terms.currency);
    if document_type.reason_required && draft.order_reason.is_none() {
        return Err(SalesError::field("header.order_reason", "this document type needs a reason"));
    }
    let requested_delivery = draft.requested_delivery.unwrap_or(document_date);
    check_requested(document_date, requested_delivery, "header.requested_delivery")?;
    let valid_to = valid_to(draft, document_type, document_date)?;
    let former = of.map(|of| Seller { office: of.sales_office, group: of.sales_group });
    let given = Seller { office: draft.sales_office, group: draft.sales_group };
    let seller = given.resolve(organisation, area, former, "header.")?;
    Ok(SalesHeader {
        document_type: draft.document_type,
        category: document_type.category,
        sales_organisation: area.organisation,
        distribution_channel: area.channel,
        division: area.division,
        sales_office: seller.office,
        sales_group: seller.group,
        sold_to,
        customer_reference: draft
            .customer_reference
            .clone()
            .or_else(|| of.and_then(|of| of.customer_reference.clone())),
        document_date,
        pricing_date: draft.pricing_date.unwrap_or(document_date),
        requested_delivery,
        valid_to,
        currency,
        pricing_procedure: crate::pricing::procedure(tx, document_type, area, terms)
            .map_err(|error| error.at(Area::field(draft)))?,
        payment_terms: draft
            .payment_terms
            .or(of.map(|of| of.payment_terms))
            .unwrap_or(terms.payment_terms),
        incoterms: draft.incoterms.or(of.and_then(|of| of.incoterms)).or(terms.incoterms),
        shipping_condition: draft
            .shipping_condition
            .or(of.map(|of| of.shipping_condition))
            .unwrap_or(terms.shipping_condition),
        delivery_priority: draft
            .delivery_priority
            .or(of.map(|of| of.delivery_priority))
            .unwrap_or(terms.delivery_priority),
        complete_delivery: draft
            .complete_delivery
            .or(of.map(|of| of.complete_delivery))
            .unwrap_or(terms.complete_delivery),
        order_reason: draft.order_reason,
        reference: reference.map(|reference| reference.head.id),
        credit_control_area,
        net_value: Money::zero(currency),
        tax_value: Money::zero(currency),
    })
}

/// How long a quotation binds: as given, else as its type says.
fn valid_to(
    draft: &DraftHeader,
    document_type: &DocumentType,
    document_date: Date,
) -> Result<Option<Date>, SalesError> {
    if draft.valid_to.is_some() {
        check_binding(document_type.category, "header.valid_to")?;
    }
    let usual = || document_type.validity_days.map(|days| plus_days(document_date, days));
    let valid_to = draft.valid_to.or_else(usual);
    if valid_to.is_some_and(|valid_to| valid_to < document_date) {
        return Err(SalesError::field("header.valid_to", "must not be before the document date"));
    }
    Ok(valid_to)
}

/// Refuses a last day of what does not bind us: only a quotation does.
pub(crate) fn check_binding(category: Category, path: &str) -> Result<(), SalesError> {
    match category {
        Category::Quotation => Ok(()),
        other => {
            let message = format!("only a quotation has one, and this is {}", other.with_article());
            Err(SalesError::field(path, message))
        }
    }
}

fn plus_days(date: Date, days: u16) -> Date {
    date_from_days(date_to_days(date) + i32::from(days)).unwrap_or(END_OF_TIME)
}

fn partners(
    tx: &mut Tx<'_>,
    draft: &DraftHeader,
    area: Area,
    sold_to: Ref<BusinessPartner>,
    customer: &BusinessPartner,
    reference: Option<&Stored<SalesDocument>>,
) -> Result<Vec<PartnerFunction>, SalesError> {
    let defaults = customer.partners_for(area.organisation, area.channel, area.division, sold_to);
    let given = [
        (SOLD_TO, Some(sold_to), sold_to, "header.sold_to"),
        (SHIP_TO, draft.ship_to, defaults.ship_to, "header.ship_to"),
        (BILL_TO, draft.bill_to, defaults.bill_to, "header.bill_to"),
        (PAYER, draft.payer, defaults.payer, "header.payer"),
    ];
    let mut partners = Vec::with_capacity(4);
    for (function, given, default, path) in given {
        let copied =
            reference.and_then(|stored| tessera_document::partner_in(&stored.partners, function));
        let partner = given.or(copied).unwrap_or(default);
        if partner != sold_to {
            self::customer(tx, partner, path)?;
        }
        partners.push(PartnerFunction { function, partner });
    }
    partners.sort_by_key(|partner| partner.function);
    Ok(partners)
}
