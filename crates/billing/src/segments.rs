//! Segments of a billing document.

use tessera_delivery::Delivery;
use tessera_document::{DocumentFlow, DocumentText, PartnerFunction};
use tessera_kernel::{
    Choice, Code, Currency, Date, Decimal, Money, Object, ObjectId, Quantity, Ref, Segment,
};
use tessera_partner::BusinessPartner;
use tessera_pricing::PricingCondition;
use tessera_product::Product;
use tessera_sales::SalesDocument;

/// What kind of billing document it is.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillingCategory {
    /// The customer owes.
    Invoice,
    /// The customer gets back.
    CreditMemo,
    /// Takes an invoice back.
    InvoiceCancellation,
    /// Takes a credit memo back.
    CreditCancellation,
}

impl BillingCategory {
    /// +1 where the customer owes more by it, −1 where less.
    pub fn sign(self) -> i64 {
        match self {
            Self::Invoice | Self::CreditCancellation => 1,
            Self::CreditMemo | Self::InvoiceCancellation => -1,
        }
    }
}

/// What holds for the whole billing document. It is posted when it is made and never changed:
/// what is wrong is cancelled.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "billing_header", one)]
pub struct BillingHeader {
    /// Billing type.
    #[field(code = "billing_type", list)]
    pub billing_type: Code,
    /// Category, from the billing type.
    #[field(list)]
    pub category: BillingCategory,
    /// Company code whose books it is in.
    #[field(code = "company_code", list)]
    pub company_code: Code,
    /// Sales organisation.
    #[field(code = "sales_organisation", list)]
    pub sales_organisation: Code,
    /// Sold-to party.
    #[field(list)]
    pub sold_to: Ref<BusinessPartner>,
    /// Payer.
    #[field(index)]
    pub payer: Ref<BusinessPartner>,
    /// Day of the document; its month is the posting period.
    #[field(list)]
    pub billing_date: Date,
    /// Currency.
    pub currency: Currency,
    /// Terms of payment.
    #[field(code = "payment_terms")]
    pub payment_terms: Code,
    /// Day on which it is due.
    #[field(list)]
    pub due_date: Date,
    /// Sum of the net values of the items.
    #[field(list)]
    pub net_value: Money,
    /// Sum of the taxes of the items.
    pub tax_value: Money,
    /// What is owed: net value and taxes.
    #[field(list)]
    pub gross_value: Money,
    /// Exact value of the items less their booked net value: what rounding to the currency's
    /// decimals took or gave.
    pub rounding: Decimal,
    /// Credit control area.
    #[field(code = "credit_control_area")]
    pub credit_control_area: Code,
    /// The journal entry; none where everything was free of charge.
    pub journal_entry: Option<ObjectId>,
    /// The document that this one takes back.
    pub cancels: Option<Ref<BillingDocument>>,
    /// The document that took this one back.
    #[field(list, read_only)]
    pub cancelled_by: Option<Ref<BillingDocument>>,
    /// Why it was cancelled or credited.
    #[field(max = 200)]
    pub reason: Option<String>,
}

/// What is billed.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "billing_item", item, many(item))]
pub struct BillingItem {
    /// Item number: 10, 20, 30 …
    pub item: u32,
    /// Product.
    pub product: Ref<Product>,
    /// Text on the document.
    #[field(max = 120)]
    pub description: String,
    /// Quantity in the unit of the sale.
    pub quantity: Quantity,
    /// The same in the base unit.
    pub base_quantity: Quantity,
    /// Value without taxes.
    pub net_value: Money,
    /// Taxes.
    pub tax_value: Money,
    /// Credit value that the item took over from its delivery (or order).
    pub credit_value: Money,
    /// Order.
    pub order: Ref<SalesDocument>,
    /// Item of the order.
    pub order_item: u32,
    /// Delivery; none where the order itself is billed.
    pub delivery: Option<Ref<Delivery>>,
    /// Item of the delivery.
    pub delivery_item: Option<u32>,
}

/// An invoice, a credit memo, or the cancellation of one.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "billing_document", owned)]
pub struct BillingDocument {
    /// Header.
    pub header: BillingHeader,
    /// Items.
    pub items: Vec<BillingItem>,
    /// Prices, discounts and taxes as billed.
    pub conditions: Vec<PricingCondition>,
    /// Partner functions.
    pub partners: Vec<PartnerFunction>,
    /// Deliveries and orders.
    pub flow: Vec<DocumentFlow>,
    /// Texts.
    pub texts: Vec<DocumentText>,
}
