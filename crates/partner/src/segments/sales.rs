//! How one sells to a partner.

use tessera_kernel::{Code, Currency, Ref, Segment, Validity};

use crate::BusinessPartner;

/// Terms of selling to the partner in one sales area, over time.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(
    table = "partner_sales_area",
    timed(2, sales_organisation, distribution_channel, division)
)]
pub struct PartnerSalesArea {
    /// Sales organisation.
    #[field(code = "sales_organisation")]
    pub sales_organisation: Code,
    /// Distribution channel.
    #[field(code = "distribution_channel")]
    pub distribution_channel: Code,
    /// Division.
    #[field(code = "division")]
    pub division: Code,
    /// From day to day.
    pub valid: Validity,
    /// Currency of the partner's documents.
    pub currency: Currency,
    /// Group of customers, for prices and reports.
    #[field(code = "customer_group")]
    pub customer_group: Option<Code>,
    /// Group of customers that have prices in common.
    #[field(code = "customer_price_group")]
    pub price_group: Option<Code>,
    /// Price list.
    #[field(code = "price_list")]
    pub price_list: Option<Code>,
    /// The customer's part in choosing the pricing procedure.
    #[field(code = "pricing_procedure_class")]
    pub pricing_procedure_class: Option<Code>,
    /// Terms of payment.
    #[field(code = "payment_terms")]
    pub payment_terms: Code,
    /// Terms of delivery.
    #[field(code = "incoterms")]
    pub incoterms: Option<Code>,
    /// How goods are shipped to the partner.
    #[field(code = "shipping_condition")]
    pub shipping_condition: Code,
    /// Plant that delivers, where it is not the one of the product.
    #[field(code = "plant")]
    pub delivering_plant: Option<Code>,
    /// Who is served first when goods are short; 1 before 2.
    #[field(positive, default = 2)]
    pub delivery_priority: u32,
    /// An order is delivered as a whole or not at all.
    #[field(default = false)]
    pub complete_delivery: bool,
    /// Several orders may share a delivery.
    #[field(default = true)]
    pub order_combination: bool,
    /// The customer's part in choosing the revenue account.
    #[field(code = "customer_account_assignment_group")]
    pub account_assignment_group: Code,
}

/// Who takes a part in a sale in one sales area, if not the partner itself.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(
    table = "partner_function_default",
    many(sales_organisation, distribution_channel, division, function, number)
)]
pub struct PartnerFunctionDefault {
    /// Sales organisation.
    #[field(code = "sales_organisation")]
    pub sales_organisation: Code,
    /// Distribution channel.
    #[field(code = "distribution_channel")]
    pub distribution_channel: Code,
    /// Division.
    #[field(code = "division")]
    pub division: Code,
    /// Function: sold-to, ship-to, bill-to, payer …
    #[field(code = "partner_function")]
    pub function: Code,
    /// Which of several; 1 is the one that documents take.
    #[field(positive)]
    pub number: u32,
    /// Who.
    pub partner: Ref<BusinessPartner>,
}
