//! What is to happen on which day, and the day itself.

use std::collections::BTreeMap;

use tessera_billing::BillingDocument;
use tessera_delivery::Delivery;
use tessera_kernel::{Code, Date, Ref};
use tessera_sales::SalesDocument;
use tessera_stock::PlannedReceipt;

use crate::company::HOUSES;
use crate::goods::Good;
use crate::office::{Office, plus};
use crate::partners::Customer;
use crate::{DemoError, Plan};

/// Something that is to happen. Customers are positions in the list.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A customer decides about a quotation.
    Decide { quotation: Ref<SalesDocument>, customer: usize },
    /// What can be delivered of an order is; `tries` it was tried before.
    Deliver { order: Ref<SalesDocument>, customer: usize, tries: u8 },
    /// The goods leave (or, of a return, come in).
    Issue { delivery: Ref<Delivery>, customer: usize, order: Ref<SalesDocument> },
    /// The delivery is billed.
    Bill { delivery: Ref<Delivery>, customer: usize, order: Ref<SalesDocument> },
    /// Services of an order are billed.
    BillServices { order: Ref<SalesDocument>, customer: usize },
    /// A blocked order is looked at again.
    Credit { order: Ref<SalesDocument>, customer: usize, tries: u8 },
    /// A customer pays.
    Pay { invoice: Ref<BillingDocument>, customer: usize },
    /// An invoice turns out to be wrong.
    Correct { invoice: Ref<BillingDocument>, customer: usize },
    /// A customer sends something back.
    SendBack { order: Ref<SalesDocument>, customer: usize },
    /// A credit memo is cleared or paid out.
    Settle { memo: Ref<BillingDocument>, customer: usize },
    /// Goods that were announced arrive.
    Arrive { receipt: Ref<PlannedReceipt>, house: Code },
}

/// The company at work.
pub(crate) struct Trade<'d> {
    pub(crate) office: Office<'d>,
    pub(crate) goods: Vec<Good>,
    pub(crate) customers: Vec<Customer>,
    /// Deliveries that wait for the weekly invoice, by customer.
    pub(crate) weekly: BTreeMap<usize, Vec<Ref<Delivery>>>,
    agenda: BTreeMap<Date, Vec<Event>>,
}

impl<'d> Trade<'d> {
    pub(crate) fn new(office: Office<'d>, goods: Vec<Good>, customers: Vec<Customer>) -> Self {
        Self { office, goods, customers, weekly: BTreeMap::new(), agenda: BTreeMap::new() }
    }

    /// Puts an event on the agenda, so many days from today.
    pub(crate) fn later(&mut self, days: i64, event: Event) {
        let day = plus(self.office.today, days);
        self.agenda.entry(day).or_default().push(event);
    }

    /// One day: nothing at the weekend.
    pub(crate) fn day(&mut self, plan: &Plan, day: Date) -> Result<(), DemoError> {
        self.office.open(day);
        let weekday = day.weekday().to_monday_one_offset();
        if weekday > 5 {
            return Ok(());
        }
        if weekday == 1 {
            for house in &HOUSES {
                self.replenish(house)?;
            }
        }
        while let Some(due) = self.due() {
            for event in due {
                self.happen(event)?;
            }
        }
        for _ in 0..self.demand(plan, day) {
            self.approach()?;
        }
        if weekday == 5 {
            self.bill_weekly()?;
        }
        if (10..=12).contains(&day.day()) {
            self.close_books(day)?;
        }
        Ok(())
    }

    /// What is due, oldest first.
    fn due(&mut self) -> Option<Vec<Event>> {
        let entry = self.agenda.first_entry()?;
        (*entry.key() <= self.office.today).then(|| entry.remove())
    }

    fn happen(&mut self, event: Event) -> Result<(), DemoError> {
        match event {
            Event::Decide { quotation, customer } => self.decide(quotation, customer),
            Event::Deliver { order, customer, tries } => self.deliver(order, customer, tries),
            Event::Issue { delivery, customer, order } => self.issue(delivery, customer, order),
            Event::Bill { delivery, customer, order } => self.bill(delivery, customer, order),
            Event::BillServices { order, customer } => self.bill_services(order, customer),
            Event::Credit { order, customer, tries } => self.look_at_credit(order, customer, tries),
            Event::Pay { invoice, customer } => self.pay(invoice, customer),
            Event::Correct { invoice, customer } => self.correct(invoice, customer),
            Event::SendBack { order, customer } => self.send_back(order, customer),
            Event::Settle { memo, customer } => self.settle(memo, customer),
            Event::Arrive { receipt, house } => self.arrive(receipt, house),
        }
    }

    /// How many customers come on a day: more from year to year, fewer in summer and at Christmas.
    fn demand(&mut self, plan: &Plan, day: Date) -> u64 {
        const SEASON: [u64; 12] = [88, 95, 112, 104, 101, 97, 78, 74, 108, 116, 120, 84];
        let month = usize::try_from(day.month()).unwrap_or(1).clamp(1, 12);
        let since = i64::from(plan.days)
            - i64::from(
                tessera_kernel::date_to_days(plan.today) - tessera_kernel::date_to_days(day),
            );
        let growth = 92 + u64::try_from(since).unwrap_or(0) * 20 / u64::from(plan.days.max(1));
        let usual = plan.orders_per_100_days * SEASON[month - 1] * growth / 10_000;
        let today = usual * u64::try_from(self.office.dice.between(55, 145)).unwrap_or(100) / 100;
        today / 100 + u64::from(self.office.dice.below(100) < today % 100)
    }
}
