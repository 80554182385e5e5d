//! Header of a sales document.

use tessera_kernel::{Choice, Code, Currency, Date, Money, ObjectId, Ref, Segment};
use tessera_partner::BusinessPartner;

/// What kind of sales document it is; everything else follows from the document type.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// An offer to the customer, valid until a day.
    Quotation,
    /// A promise to deliver.
    Order,
    /// Goods come back; a credit memo follows.
    ReturnOrder,
    /// A credit memo without goods is asked for.
    CreditRequest,
    /// A further charge is asked for.
    DebitRequest,
}

impl Category {
    /// The name in a sentence, with its article.
    pub(crate) const fn with_article(self) -> &'static str {
        match self {
            Self::Quotation => "a quotation",
            Self::Order => "an order",
            Self::ReturnOrder => "a return order",
            Self::CreditRequest => "a credit memo request",
            Self::DebitRequest => "a debit memo request",
        }
    }
}

/// What was agreed for the whole document.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "sales_header", one)]
pub struct SalesHeader {
    /// Document type.
    #[field(code = "document_type", list)]
    pub document_type: Code,
    /// Category, from the document type.
    #[field(list, read_only)]
    pub category: Category,
    /// Sales organisation.
    #[field(code = "sales_organisation", list)]
    pub sales_organisation: Code,
    /// Distribution channel.
    #[field(code = "distribution_channel", list)]
    pub distribution_channel: Code,
    /// Division.
    #[field(code = "division", list)]
    pub division: Code,
    /// Sales office.
    #[field(code = "sales_office")]
    pub sales_office: Option<Code>,
    /// Sales group: people of the office.
    #[field(code = "sales_group")]
    pub sales_group: Option<Code>,
    /// Sold-to party.
    #[field(index)]
    pub sold_to: Ref<BusinessPartner>,
    /// Customer's own order number, as printed on their order.
    #[field(max = 35, list)]
    pub customer_reference: Option<String>,
    /// Day of the document.
    #[field(list)]
    pub document_date: Date,
    /// Day for which prices and taxes are found.
    pub pricing_date: Date,
    /// Day on which the customer wants the goods.
    #[field(list)]
    pub requested_delivery: Date,
    /// Last day on which a quotation binds.
    pub valid_to: Option<Date>,
    /// Currency of the document.
    pub currency: Currency,
    /// Pricing procedure, from customizing.
    #[field(code = "pricing_procedure", read_only)]
    pub pricing_procedure: Code,
    /// Terms of payment.
    #[field(code = "payment_terms")]
    pub payment_terms: Code,
    /// Incoterms.
    #[field(code = "incoterms")]
    pub incoterms: Option<Code>,
    /// Shipping condition.
    #[field(code = "shipping_condition")]
    pub shipping_condition: Code,
    /// Who is served first when goods are short; 1 before 2.
    #[field(positive, default = 2, list)]
    pub delivery_priority: u32,
    /// Everything in one delivery, or nothing.
    pub complete_delivery: bool,
    /// Why the order, return or request was made.
    #[field(code = "order_reason")]
    pub order_reason: Option<Code>,
    /// The document that this one was made with reference to.
    pub reference: Option<ObjectId>,
    /// Credit control area.
    #[field(code = "credit_control_area", read_only)]
    pub credit_control_area: Code,
    /// Sum of the net values of the items.
    #[field(list, read_only)]
    pub net_value: Money,
    /// Sum of the taxes of the items.
    #[field(read_only)]
    pub tax_value: Money,
}
