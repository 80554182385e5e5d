//! Who sells: the sales office of a document and the sales group in it.

use tessera_kernel::Code;
use tessera_organisation::OrganisationSettings;

use crate::SalesError;
use crate::resolve::Area;

/// Sales office and sales group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seller {
    pub(crate) office: Option<Code>,
    pub(crate) group: Option<Code>,
}

impl Seller {
    /// What is given, else what was before, as far as it fits: an office of another area and a
    /// group of another office go. What is given and does not fit is refused, at the field under
    /// `path`.
    pub(crate) fn resolve(
        self,
        organisation: &OrganisationSettings,
        area: Area,
        former: Option<Self>,
        path: &str,
    ) -> Result<Self, SalesError> {
        let in_area = |office| {
            let area = (area.organisation, area.channel, area.division);
            organisation.sales_office_in(area, office)
        };
        let field = |name: &str, message| SalesError::field(format!("{path}{name}"), message);
        let office = match self.office {
            Some(office) => {
                in_area(office).map_err(|message| field("sales_office", message))?;
                Some(office)
            }
            None => former.and_then(|former| former.office).filter(|o| in_area(*o).is_ok()),
        };
        let group = match (self.group, office) {
            (Some(_), None) => {
                let message = "needs a sales office".to_string();
                return Err(field("sales_group", message));
            }
            (Some(group), Some(office)) => {
                let fits = organisation.sales_group_in(office, group);
                fits.map_err(|message| field("sales_group", message))?;
                Some(group)
            }
            (None, office) => former.and_then(|former| former.group).filter(|group| {
                office.is_some_and(|office| organisation.sales_group_in(office, *group).is_ok())
            }),
        };
        Ok(Self { office, group })
    }
}
