#![doc = include_str!("../README.md")]

mod assignment;
mod due;
mod entries;
mod error;
mod exchange;
mod exchange_rate;
mod put_rate;
mod settings;

use tessera_customizing::Shipped;
use tessera_kernel::Module;

pub use due::{Due, due};
pub use entries::{
    CompanyCode, CreditControlArea, Dimension, Installation, Named, PaymentTerms, Plant,
    PlantAssignment, SalesArea, SalesOffice, SalesOrganisation, ShippingPoint, StorageLocation,
    UnitEntry,
};
pub use error::OrganisationError;
pub use exchange::{Rate, exchange, rate_on};
pub use exchange_rate::{ExchangeRate, ExchangeRatePair, ExchangeRateValidity};
pub use put_rate::{PutRate, put_rate};
pub use settings::{OrganisationSettings, settings};

/// Customizing that is shipped with the module: a small, complete organisation and the lists of
/// countries, languages, units, terms of payment and delivery.
pub const CONFIG: &[Shipped] = &[
    Shipped { file: "organisation.toml", text: include_str!("../config/organisation.toml") },
    Shipped { file: "terms.toml", text: include_str!("../config/terms.toml") },
    Shipped { file: "units.toml", text: include_str!("../config/units.toml") },
    Shipped { file: "countries.toml", text: include_str!("../config/countries.toml") },
    Shipped { file: "languages.toml", text: include_str!("../config/languages.toml") },
];

/// The module's table of contents.
pub fn module() -> Module {
    Module {
        name: "organisation",
        owner: "organisation",
        help: "Company codes, sales areas, plants, countries, units, terms and exchange rates",
        objects: vec![exchange_rate::ENTRY],
        actions: vec![put_rate::ACTION],
        ..Module::default()
    }
}
