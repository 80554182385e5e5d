//! Input of the verbs that make and change sales documents.

use tessera_document::DocumentText;
use tessera_kernel::{Code, Currency, Date, Decimal, Form, ObjectId, Quantity, Record, Ref};
use tessera_partner::BusinessPartner;
use tessera_product::Product;

/// A new sales document. What is left out comes from the document it refers to, or from the
/// master data of the sold-to party.
#[derive(Form, Clone, Debug)]
pub struct SalesDraft {
    /// Header.
    pub header: DraftHeader,
    /// Items; none with a reference: every open item of that document.
    pub items: Vec<DraftItem>,
    /// Manual conditions.
    pub conditions: Vec<ManualCondition>,
    /// Texts.
    pub texts: Vec<DocumentText>,
}

/// Header of a new sales document.
#[derive(Record, Clone, Debug)]
pub struct DraftHeader {
    /// Document type.
    #[field(code = "document_type")]
    pub document_type: Code,
    /// Quotation (of an order) or order (of a return, a credit or debit memo request) that the
    /// document is made with reference to.
    pub reference: Option<ObjectId>,
    /// Sold-to party; needed without a reference.
    pub sold_to: Option<Ref<BusinessPartner>>,
    /// Sales organisation; needed without a reference.
    #[field(code = "sales_organisation")]
    pub sales_organisation: Option<Code>,
    /// Distribution channel; needed without a reference.
    #[field(code = "distribution_channel")]
    pub distribution_channel: Option<Code>,
    /// Division; needed without a reference.
    #[field(code = "division")]
    pub division: Option<Code>,
    /// Sales office, one of the sales area.
    #[field(code = "sales_office")]
    pub sales_office: Option<Code>,
    /// Sales group, one of the sales office.
    #[field(code = "sales_group")]
    pub sales_group: Option<Code>,
    /// Ship-to party; else the sold-to party's own.
    pub ship_to: Option<Ref<BusinessPartner>>,
    /// Bill-to party; else the sold-to party's own.
    pub bill_to: Option<Ref<BusinessPartner>>,
    /// Payer; else the sold-to party's own.
    pub payer: Option<Ref<BusinessPartner>>,
    /// Customer's own order number.
    #[field(max = 35)]
    pub customer_reference: Option<String>,
    /// Day of the document; else today.
    pub document_date: Option<Date>,
    /// Day for prices; else the day of the document.
    pub pricing_date: Option<Date>,
    /// Wanted on; else the day of the document.
    pub requested_delivery: Option<Date>,
    /// Last day on which a quotation binds.
    pub valid_to: Option<Date>,
    /// Currency; else that of the customer's sales area.
    pub currency: Option<Currency>,
    /// Terms of payment; else the customer's.
    #[field(code = "payment_terms")]
    pub payment_terms: Option<Code>,
    /// Incoterms; else the customer's.
    #[field(code = "incoterms")]
    pub incoterms: Option<Code>,
    /// Shipping condition; else the customer's.
    #[field(code = "shipping_condition")]
    pub shipping_condition: Option<Code>,
    /// Who is served first when goods are short, 1 before 2; else the customer's.
    #[field(positive)]
    pub delivery_priority: Option<u32>,
    /// Everything in one delivery; else as the customer wants it.
    pub complete_delivery: Option<bool>,
    /// Why the document is made.
    #[field(code = "order_reason")]
    pub order_reason: Option<Code>,
}

impl DraftHeader {
    /// A header of a document type that leaves everything else to the reference or to master
    /// data.
    pub fn new(document_type: Code) -> Self {
        Self {
            document_type,
            reference: None,
            sold_to: None,
            sales_organisation: None,
            distribution_channel: None,
            division: None,
            sales_office: None,
            sales_group: None,
            ship_to: None,
            bill_to: None,
            payer: None,
            customer_reference: None,
            document_date: None,
            pricing_date: None,
            requested_delivery: None,
            valid_to: None,
            currency: None,
            payment_terms: None,
            incoterms: None,
            shipping_condition: None,
            delivery_priority: None,
            complete_delivery: None,
            order_reason: None,
        }
    }
}

/// Item of a new or changed sales document.
#[derive(Record, Clone, Debug, Default)]
pub struct DraftItem {
    /// Item number; else the next ten.
    #[field(positive)]
    pub item: Option<u32>,
    /// Product; needed unless the item refers to another.
    pub product: Option<Ref<Product>>,
    /// Quantity; needed unless the item refers to another.
    #[field(positive)]
    pub quantity: Option<Quantity>,
    /// Text; else the product's description.
    #[field(max = 120)]
    pub description: Option<String>,
    /// Item category, one that customizing assigns; else the one that it proposes.
    #[field(code = "item_category")]
    pub item_category: Option<Code>,
    /// Delivering plant; else as master data proposes.
    #[field(code = "plant")]
    pub plant: Option<Code>,
    /// Wanted on; else as the header says.
    pub requested_delivery: Option<Date>,
    /// Item of the referenced document that this one takes up.
    #[field(positive)]
    pub reference_item: Option<u32>,
}

/// A condition entered by hand.
#[derive(Record, Clone, Debug)]
pub struct ManualCondition {
    /// Item; none: the whole document.
    pub item: Option<u32>,
    /// Condition type.
    #[field(code = "condition_type")]
    pub condition_type: Code,
    /// Price, percentage or amount.
    pub rate: Decimal,
    /// Currency of a price or an amount; else the document's.
    pub currency: Option<Currency>,
    /// Quantity that a price is for; else one unit of the sale.
    #[field(positive)]
    pub per: Option<Quantity>,
}

/// Changes of a sales document. What is left out stays.
#[derive(Form, Clone, Debug)]
pub struct SalesChange {
    /// Header.
    #[form(flatten)]
    pub header: HeaderChange,
    /// Items to change (by number) or to add (without a number, or with a new one).
    pub items: Vec<ItemChange>,
    /// Manual conditions to set; they stay through every repricing.
    pub conditions: Vec<ManualCondition>,
    /// Texts to set, by kind and language; an empty one removes the text.
    pub texts: Vec<DocumentText>,
}

/// Changes of the header.
#[derive(Record, Clone, Debug)]
pub struct HeaderChange {
    /// Customer's own order number.
    #[field(max = 35)]
    pub customer_reference: Option<String>,
    /// Sales office, one of the sales area; the sales group goes with the former one.
    #[field(code = "sales_office")]
    pub sales_office: Option<Code>,
    /// Sales group, one of the sales office.
    #[field(code = "sales_group")]
    pub sales_group: Option<Code>,
    /// Wanted on; items that have no day of their own follow.
    pub requested_delivery: Option<Date>,
    /// Day for prices; prices are found anew.
    pub pricing_date: Option<Date>,
    /// Terms of payment.
    #[field(code = "payment_terms")]
    pub payment_terms: Option<Code>,
    /// Incoterms.
    #[field(code = "incoterms")]
    pub incoterms: Option<Code>,
    /// Who is served first when goods are short, 1 before 2.
    #[field(positive)]
    pub delivery_priority: Option<u32>,
    /// Everything in one delivery.
    pub complete_delivery: Option<bool>,
    /// Last day on which a quotation binds.
    pub valid_to: Option<Date>,
    /// Forget manual conditions and find every price anew.
    #[field(default = false)]
    pub new_pricing: bool,
}

/// Change of an item.
#[derive(Record, Clone, Debug)]
pub struct ItemChange {
    /// Item number; none: a new item.
    #[field(positive)]
    pub item: Option<u32>,
    /// Product of a new item.
    pub product: Option<Ref<Product>>,
    /// Quantity.
    #[field(positive)]
    pub quantity: Option<Quantity>,
    /// Text.
    #[field(max = 120)]
    pub description: Option<String>,
    /// Delivering plant.
    #[field(code = "plant")]
    pub plant: Option<Code>,
    /// Wanted on.
    pub requested_delivery: Option<Date>,
    /// Reject the item for this reason.
    #[field(code = "rejection_reason")]
    pub rejection_reason: Option<Code>,
    /// Take a rejection back.
    #[field(default = false)]
    pub reopen: bool,
}
