//! How much there is of everything.

use tessera_kernel::Date;

/// How large the demo company is.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The day that counts as today: trade ends the evening before.
    pub today: Date,
    /// Days of trade before it.
    pub days: u16,
    /// Customers of all houses.
    pub customers: usize,
    /// Orders on an average working day, in hundredths.
    pub orders_per_100_days: u64,
}

impl Plan {
    /// Two years of a company of middle size.
    pub fn two_years(today: Date) -> Self {
        Self { today, days: 731, customers: 300, orders_per_100_days: 760 }
    }

    /// A few weeks of a small one, for tests.
    pub fn few_weeks(today: Date) -> Self {
        Self { today, days: 45, customers: 24, orders_per_100_days: 300 }
    }
}
