//! What the books say: stock, reservations, exposure, accounts, open items, status.

use tessera_billing::BillingDocument;
use tessera_delivery::{Delivery, GoodsIssueStatus};
use tessera_finance::ReceivableItem;
use tessera_kernel::{Date, Problem, Ref, from_micros};
use tessera_sales::{CreditStatus, ItemFulfilment, Progress, SalesStatus};
use tessera_stock::{AvailabilityLine, REQUIREMENT};

use crate::documents::Order;
use crate::shop::Shop;
use crate::world::{code, day};

/// What a document has come to: overall, delivery, billing.
pub(crate) type Steps = (Progress, Progress, Progress);

impl Shop {
    /// Pieces that lie in the plant.
    pub(crate) fn on_hand(&self, product: &str) -> i64 {
        let product = self.product_id(product);
        let found = self.read(|tx| Ok(tessera_stock::on_hand(tx, product, code("1000"))?));
        i64::try_from(found.value()).unwrap()
    }

    /// Pieces that are promised, by day.
    pub(crate) fn reserved(&self, product: &str) -> Vec<(Date, i64)> {
        let product = self.product_id(product);
        let mut found = Vec::new();
        self.read(|tx| {
            let key = [
                tessera_kernel::CellRef::Uuid(product.id().0),
                tessera_kernel::CellRef::Text("1000"),
            ];
            tx.balances(&REQUIREMENT, &key, &mut |key, measures| {
                if let tessera_kernel::Cell::Date(date) = key[2]
                    && measures[1] != 0
                {
                    let pieces = i64::try_from(from_micros(measures[1])).unwrap();
                    found.push((tessera_kernel::date_from_days(date).unwrap(), pieces));
                }
            })?;
            Ok(())
        });
        found
    }

    /// The availability of a product from today on.
    pub(crate) fn availability(&self, product: &str) -> Vec<AvailabilityLine> {
        let product = self.product_id(product);
        self.read(|tx| {
            let today = tx.today(&tessera_kernel::Zone::UTC);
            Ok(tessera_stock::availability(tx, product, code("1000"), today)?)
        })
    }

    /// Open orders, deliveries and invoices of a customer, in cents.
    pub(crate) fn exposure(&self, customer: &str) -> (i64, i64, i64) {
        let partner = self.partner(customer);
        let standing = self.read(|tx| Ok(tessera_credit::exposure(tx, code("1000"), partner)?));
        let exposure = standing.exposure;
        (exposure.orders.minor(), exposure.deliveries.minor(), exposure.invoices.minor())
    }

    /// Debits less credits of an account of company 1000, in cents.
    pub(crate) fn account(&self, account: &str) -> i64 {
        let mut balance = 0;
        self.read(|tx| {
            let mut add = |key: tessera_finance::LedgerKey, turnover: tessera_finance::Turnover| {
                if key.account == code(account) {
                    balance += turnover.balance().1;
                }
            };
            Ok(tessera_finance::each_total(tx, Some(code("1000")), &mut add)?)
        });
        balance
    }

    pub(crate) fn status(&self, order: Order) -> SalesStatus {
        self.load(order).value.status
    }

    pub(crate) fn steps(&self, order: Order) -> Steps {
        let status = self.status(order);
        (status.overall, status.delivery, status.billing)
    }

    pub(crate) fn credit_status(&self, order: Order) -> CreditStatus {
        self.status(order).credit
    }

    pub(crate) fn fulfilment(&self, order: Order) -> Vec<ItemFulfilment> {
        self.read(|tx| tessera_sales::item_fulfilments(tx, order).map_err(Problem::from))
    }

    /// Promises of an item, by day.
    pub(crate) fn promises(&self, order: Order, item: u32) -> Vec<(Date, i64)> {
        let document = self.load(order);
        let lines = document.schedule.iter().filter(|line| line.item == item);
        lines.map(|line| (line.date, i64::try_from(line.confirmed.value()).unwrap())).collect()
    }

    pub(crate) fn goods_issue(&self, delivery: Ref<Delivery>) -> (GoodsIssueStatus, Progress) {
        let status = self.load(delivery).value.status;
        (status.goods_issue_status, status.billing)
    }

    pub(crate) fn open_item(&self, invoice: Ref<BillingDocument>) -> ReceivableItem {
        let receivable = self.receivable(invoice);
        self.load(receivable).value.item
    }

    /// What is owed for an invoice, in cents.
    pub(crate) fn open_amount(&self, invoice: Ref<BillingDocument>) -> i64 {
        self.open_item(invoice).open_amount.minor()
    }

    /// Net value, taxes and what is owed, in cents.
    pub(crate) fn totals(&self, invoice: Ref<BillingDocument>) -> (i64, i64, i64) {
        let header = self.load(invoice).value.header;
        (header.net_value.minor(), header.tax_value.minor(), header.gross_value.minor())
    }

    /// Whether more is promised of a product than there will be, on any day.
    pub(crate) fn is_oversold(&self, product: &str) -> bool {
        self.availability(product).iter().any(|line| line.available.is_negative())
    }
}

/// Days with pieces, as the methods above give them.
pub(crate) fn on<const N: usize>(days: [(&str, i64); N]) -> Vec<(Date, i64)> {
    days.into_iter().map(|(date, count)| (day(date), count)).collect()
}
