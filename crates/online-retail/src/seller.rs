//! Who sells: the British sales organisation and its web shop, as customizing has them.

use tessera_kernel::{Code, Currency};
use tessera_organisation::OrganisationSettings;

use crate::ImportError;

/// Sales organisation.
const ORGANISATION: Code = Code::literal("1100");
/// Distribution channel: web shop.
const CHANNEL: Code = Code::literal("20");
/// Division.
const DIVISION: Code = Code::literal("00");

/// Who sells, and from where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seller {
    pub(crate) organisation: Code,
    pub(crate) channel: Code,
    pub(crate) division: Code,
    pub(crate) company: Code,
    /// Where the company has its seat.
    pub(crate) country: Code,
    pub(crate) currency: Currency,
    pub(crate) plant: Code,
    pub(crate) storage_location: Code,
}

impl Seller {
    /// The organisation of the shipped customizing, or one that was put in its place.
    pub(crate) fn find(settings: &OrganisationSettings) -> Result<Self, ImportError> {
        let lacks = ImportError::Organisation;
        settings.sales_area(ORGANISATION, CHANNEL, DIVISION).map_err(lacks)?;
        let (company, entry) =
            settings.company_of_sales_organisation(ORGANISATION).map_err(lacks)?;
        let plant = settings.plants_for(ORGANISATION, CHANNEL).first().copied();
        let plant = plant.ok_or_else(|| {
            lacks(format!("no plant delivers for {ORGANISATION}/{CHANNEL}: assign one"))
        })?;
        let mut places = settings.storage_locations.iter();
        let place = places.find(|(_, place)| place.plant == plant).map(|(code, _)| code);
        let storage_location =
            place.ok_or_else(|| lacks(format!("plant {plant} has no storage location")))?;
        if entry.currency != Currency::GBP {
            let message = format!("company {company} must keep its books in GBP, like the file");
            return Err(lacks(message));
        }
        Ok(Self {
            organisation: ORGANISATION,
            channel: CHANNEL,
            division: DIVISION,
            company,
            country: entry.country,
            currency: entry.currency,
            plant,
            storage_location,
        })
    }
}
