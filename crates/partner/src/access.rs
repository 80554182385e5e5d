//! Questions that documents ask of a partner. No answer allocates.

use tessera_kernel::{Code, Date, Ref};

use crate::{
    BusinessPartner, PartnerAddress, PartnerCompany, PartnerCredit, PartnerFunctionDefault,
    PartnerSalesArea,
};

/// Who orders.
pub const SOLD_TO: Code = Code::literal("SP");
/// Who gets the goods.
pub const SHIP_TO: Code = Code::literal("SH");
/// Who gets the invoice.
pub const BILL_TO: Code = Code::literal("BP");
/// Who pays.
pub const PAYER: Code = Code::literal("PY");

/// The kind of address that is used where nothing else is agreed.
pub const MAIN_ADDRESS: Code = Code::literal("main");

/// The partners of one sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartnerFunctions {
    /// Who orders.
    pub sold_to: Ref<BusinessPartner>,
    /// Who gets the goods.
    pub ship_to: Ref<BusinessPartner>,
    /// Who gets the invoice.
    pub bill_to: Ref<BusinessPartner>,
    /// Who pays.
    pub payer: Ref<BusinessPartner>,
}

impl PartnerFunctions {
    /// One partner in every function.
    pub const fn all(partner: Ref<BusinessPartner>) -> Self {
        Self { sold_to: partner, ship_to: partner, bill_to: partner, payer: partner }
    }

    /// Function and partner, in the order of a sale.
    pub const fn each(self) -> [(Code, Ref<BusinessPartner>); 4] {
        [
            (SOLD_TO, self.sold_to),
            (SHIP_TO, self.ship_to),
            (BILL_TO, self.bill_to),
            (PAYER, self.payer),
        ]
    }
}

impl BusinessPartner {
    /// The terms of selling in a sales area on a day.
    pub fn sales_area_on(
        &self,
        sales_organisation: Code,
        distribution_channel: Code,
        division: Code,
        date: Date,
    ) -> Option<&PartnerSalesArea> {
        self.sales_areas.iter().find(|area| {
            area.sales_organisation == sales_organisation
                && area.distribution_channel == distribution_channel
                && area.division == division
                && area.valid.contains(date)
        })
    }

    /// The data for the books of a company.
    pub fn company(&self, code: Code) -> Option<&PartnerCompany> {
        self.companies.iter().find(|company| company.company_code == code)
    }

    /// Who takes which part when this partner (`own`) orders in a sales area: the default with
    /// the smallest number, or the partner itself where there is none. The sold-to is always
    /// the partner itself.
    pub fn partners_for(
        &self,
        sales_organisation: Code,
        distribution_channel: Code,
        division: Code,
        own: Ref<Self>,
    ) -> PartnerFunctions {
        let area = (sales_organisation, distribution_channel, division);
        let partner = |function| self.defaults_for(area, function).next().unwrap_or(own);
        PartnerFunctions {
            sold_to: own,
            ship_to: partner(SHIP_TO),
            bill_to: partner(BILL_TO),
            payer: partner(PAYER),
        }
    }

    /// Every partner that may take a function in a sales area, in order of their number.
    pub fn defaults_for(
        &self,
        (sales_organisation, distribution_channel, division): (Code, Code, Code),
        function: Code,
    ) -> impl Iterator<Item = Ref<Self>> + '_ {
        // Records of a segment are in order of their key once they were loaded.
        let wanted = move |record: &&PartnerFunctionDefault| {
            record.function == function
                && record.sales_organisation == sales_organisation
                && record.distribution_channel == distribution_channel
                && record.division == division
        };
        self.function_defaults.iter().filter(wanted).map(|record| record.partner)
    }

    /// The credit given in a credit control area.
    pub fn credit(&self, credit_control_area: Code) -> Option<&PartnerCredit> {
        self.credit.iter().find(|credit| credit.credit_control_area == credit_control_area)
    }

    /// How the partner's purchases are taxed.
    pub fn tax_classification(&self) -> Code {
        self.general.tax_classification
    }

    /// The main address, or the first one where none is the main one.
    pub fn address(&self) -> Option<&PartnerAddress> {
        self.address_of_kind(MAIN_ADDRESS).or_else(|| self.addresses.first())
    }

    /// The address of a kind.
    pub fn address_of_kind(&self, kind: Code) -> Option<&PartnerAddress> {
        self.addresses.iter().find(|address| address.kind == kind)
    }

    /// Whether the partner has a role.
    pub fn has_role(&self, role: Code) -> bool {
        self.roles.iter().any(|record| record.role == role)
    }
}
