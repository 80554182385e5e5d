//! What a payer owes, or will owe: the balance and how it shifts along the chain of documents.

use tessera_kernel::{
    Balance, CellRef, Code, ColumnType, Currency, Fault, Money, Placement, Ref, Tx,
};
use tessera_partner::BusinessPartner;

use crate::CreditError;
use crate::account::area_currency;

/// Exposure per credit control area and payer, in minor units of the area's currency: the value
/// of open orders, of deliveries that are not invoiced, and of invoices that are not paid.
pub static CREDIT_EXPOSURE: Balance = Balance::new(
    "credit_exposure",
    &[("credit_control_area", ColumnType::Text), ("partner", ColumnType::Uuid)],
    &["open_orders", "open_deliveries", "open_invoices"],
    Placement::Object(1),
);

/// The parts of the exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Orders that are not delivered (or, without a delivery, not invoiced).
    OpenOrders,
    /// Deliveries that are not invoiced.
    OpenDeliveries,
    /// Invoices that are not paid.
    OpenInvoices,
}

impl Measure {
    /// Every part, in the order of the chain.
    pub const ALL: [Self; 3] = [Self::OpenOrders, Self::OpenDeliveries, Self::OpenInvoices];

    /// Name of the column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenOrders => "open_orders",
            Self::OpenDeliveries => "open_deliveries",
            Self::OpenInvoices => "open_invoices",
        }
    }

    pub(crate) const fn position(self) -> usize {
        match self {
            Self::OpenOrders => 0,
            Self::OpenDeliveries => 1,
            Self::OpenInvoices => 2,
        }
    }
}

/// Exposure by part, or a change of it; every amount in the currency of the area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Open orders.
    pub orders: Money,
    /// Open deliveries.
    pub deliveries: Money,
    /// Open invoices.
    pub invoices: Money,
}

impl Exposure {
    /// Nothing.
    pub const fn zero(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self { orders: zero, deliveries: zero, invoices: zero }
    }

    /// Only orders.
    pub const fn orders(amount: Money) -> Self {
        Self { orders: amount, ..Self::zero(amount.currency()) }
    }

    /// Only deliveries.
    pub const fn deliveries(amount: Money) -> Self {
        Self { deliveries: amount, ..Self::zero(amount.currency()) }
    }

    /// Only invoices.
    pub const fn invoices(amount: Money) -> Self {
        Self { invoices: amount, ..Self::zero(amount.currency()) }
    }

    /// All of it.
    pub fn total(&self) -> Result<Money, Fault> {
        let parts = [self.orders, self.deliveries, self.invoices];
        Ok(Money::sum(parts, self.orders.currency())?)
    }

    /// The opposite change.
    #[must_use]
    pub const fn negated(&self) -> Self {
        Self {
            orders: self.orders.negated(),
            deliveries: self.deliveries.negated(),
            invoices: self.invoices.negated(),
        }
    }
}

/// Shifts exposure without asking for the limit: what was let in once moves along the chain, and
/// what is paid or given back goes.
///
/// [`CreditError::Currency`] where an amount is not in the currency of the area.
pub fn shift(
    tx: &mut Tx<'_>,
    area: Code,
    payer: Ref<BusinessPartner>,
    changes: Exposure,
) -> Result<(), CreditError> {
    let currency = area_currency(tx, area)?;
    let parts = [changes.orders, changes.deliveries, changes.invoices];
    let mut deltas = [(0, 0); 3];
    let mut used = 0;
    for (measure, amount) in parts.into_iter().enumerate() {
        if amount.currency() != currency {
            return Err(CreditError::Currency { area, currency, amount });
        }
        if !amount.is_zero() {
            deltas[used] = (measure, amount.minor());
            used += 1;
        }
    }
    if used > 0 {
        let key = [CellRef::Text(area.as_str()), CellRef::Uuid(payer.id().0)];
        tx.adjust(&CREDIT_EXPOSURE, &key, &deltas[..used], None)?;
    }
    Ok(())
}

/// Holds the exposure of a payer until the end of the command, which shifts it later: before it takes what
/// everybody waits for, like a legal number.
pub fn hold(tx: &mut Tx<'_>, area: Code, payer: Ref<BusinessPartner>) -> Result<(), Fault> {
    tx.hold(&CREDIT_EXPOSURE, &[CellRef::Text(area.as_str()), CellRef::Uuid(payer.id().0)])
}

/// An open order becomes a delivery. Its reversal is the same with the amount negated.
pub fn order_to_delivery(
    tx: &mut Tx<'_>,
    area: Code,
    payer: Ref<BusinessPartner>,
    amount: Money,
) -> Result<(), CreditError> {
    let changes = Exposure { orders: amount.negated(), ..Exposure::deliveries(amount) };
    shift(tx, area, payer, changes)
}

/// A delivery is invoiced: what was delivered goes, what is invoiced (with taxes and freight)
/// comes. Its reversal is the same with both amounts negated.
pub fn delivery_to_invoice(
    tx: &mut Tx<'_>,
    area: Code,
    payer: Ref<BusinessPartner>,
    delivered: Money,
    invoiced: Money,
) -> Result<(), CreditError> {
    let changes = Exposure { deliveries: delivered.negated(), ..Exposure::invoices(invoiced) };
    shift(tx, area, payer, changes)
}

/// An order is invoiced without a delivery. Its reversal is the same with both amounts negated.
pub fn order_to_invoice(
    tx: &mut Tx<'_>,
    area: Code,
    payer: Ref<BusinessPartner>,
    ordered: Money,
    invoiced: Money,
) -> Result<(), CreditError> {
    let changes = Exposure { orders: ordered.negated(), ..Exposure::invoices(invoiced) };
    shift(tx, area, payer, changes)
}

/// What an order counts for is given back: it was reduced, rejected or completed.
pub fn withdraw_order(
    tx: &mut Tx<'_>,
    area: Code,
    payer: Ref<BusinessPartner>,
    amount: Money,
) -> Result<(), CreditError> {
    shift(tx, area, payer, Exposure::orders(amount.negated()))
}

/// Open items are cleared by a payment, a credit memo or a write-off. A cleared item that opens
/// again is the same with the amount negated.
pub fn clear_invoices(
    tx: &mut Tx<'_>,
    area: Code,
    payer: Ref<BusinessPartner>,
    amount: Money,
) -> Result<(), CreditError> {
    shift(tx, area, payer, Exposure::invoices(amount.negated()))
}

/// The exposure as it stands.
pub(crate) fn stored(
    tx: &mut Tx<'_>,
    area: Code,
    payer: Ref<BusinessPartner>,
) -> Result<Exposure, CreditError> {
    let currency = area_currency(tx, area)?;
    let key = [CellRef::Text(area.as_str()), CellRef::Uuid(payer.id().0)];
    let measures = tx.balance(&CREDIT_EXPOSURE, &key)?;
    let amount = |measure: Measure| Money::from_minor(measures[measure.position()], currency);
    Ok(Exposure {
        orders: amount(Measure::OpenOrders),
        deliveries: amount(Measure::OpenDeliveries),
        invoices: amount(Measure::OpenInvoices),
    })
}
