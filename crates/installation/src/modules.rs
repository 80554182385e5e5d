//! The modules of the program, lower ones first. This is the one place that lists them.

use tessera_customizing::{Customizing, Diagnostics, Shipped};
use tessera_kernel::{Module, Settings};

use crate::{copy, history, idempotency};

/// What the program takes from a module's crate.
pub(crate) struct Source {
    /// Shipped customizing.
    pub(crate) config: &'static [Shipped],
    /// Reads the module's settings from customizing and puts them in.
    pub(crate) settings: fn(&Customizing, &mut Diagnostics, &mut Settings),
    /// Its table of contents.
    pub(crate) module: fn() -> Module,
}

/// A module with customizing.
macro_rules! module {
    ($name:ident) => {
        Source {
            config: $name::CONFIG,
            settings: |customizing, problems, settings| {
                settings.insert($name::settings(customizing, problems));
            },
            module: $name::module,
        }
    };
}

/// A module without customizing.
macro_rules! plain_module {
    ($name:ident) => {
        Source { config: &[], settings: |_, _, _| {}, module: $name::module }
    };
}

/// The modules.
pub(crate) const MODULES: &[Source] = &[
    plain_module!(tessera_access),
    Source {
        settings: |customizing, problems, settings| {
            settings.insert(tessera_identity::settings(customizing, problems));
            settings.insert(tessera_identity::authority());
        },
        ..module!(tessera_identity)
    },
    plain_module!(tessera_extension),
    module!(tessera_events),
    plain_module!(idempotency),
    plain_module!(copy),
    Source { config: history::CONFIG, settings: history::settings, module: history::module },
    module!(tessera_organisation),
    module!(tessera_partner),
    module!(tessera_product),
    plain_module!(tessera_document),
    module!(tessera_pricing),
    module!(tessera_stock),
    module!(tessera_credit),
    module!(tessera_finance),
    module!(tessera_sales),
    module!(tessera_delivery),
    module!(tessera_billing),
];
