//! Goods: they are ordered, arrive, are delivered and leave.

use serde_json::{Value, json};
use tessera_delivery::Delivery;
use tessera_kernel::{Code, Decimal, Ref, format_decimal};
use tessera_sales::{Progress, SalesDocument, SalesStatus};
use tessera_stock::{GoodsMovement, PlannedReceipt};

use crate::DemoError;
use crate::agenda::{Event, Trade};
use crate::catalogue::Kind;
use crate::company::{HOUSES, House};
use crate::goods::Good;
use crate::office::{house, id_in, plus};

impl Trade<'_> {
    fn stocked(&self) -> impl Iterator<Item = Good> + use<> {
        self.goods.clone().into_iter().filter(|good| good.family.kind == Kind::Goods)
    }

    /// What lies in the warehouses on the first day.
    pub(crate) fn fill_warehouses(&mut self) -> Result<(), DemoError> {
        for house in &HOUSES {
            let items: Vec<Value> =
                self.stocked().map(|good| moved(house, &good, good.usual.1 * 2)).collect();
            let body = json!({ "movement_type": "561", "items": items,
                "text": "Stock taken over from the former system" });
            let posted = self.office.act_on_all::<GoodsMovement>(house, "post", body);
            self.office.expect(|| format!("opening stock of {}", house.code), posted)?;
        }
        Ok(())
    }

    /// What runs low is ordered; now and then something is found broken.
    pub(crate) fn replenish(&mut self, house: &'static House) -> Result<(), DemoError> {
        let goods: Vec<Good> = self.stocked().collect();
        let today = self.office.today;
        let found = self.office.read(|tx| {
            let mut low = Vec::new();
            for good in goods {
                let lines = tessera_stock::availability(tx, good.id, house.code, today)?;
                let left = lines.last().map_or(Decimal::ZERO, |line| line.available.value());
                if left < Decimal::from(good.usual.1 * 7 / 10) {
                    low.push((good, left));
                }
            }
            Ok(low)
        });
        for (good, left) in self.office.expect(|| "stock".to_string(), found)? {
            self.announce(house, &good, left)?;
        }
        if self.office.dice.percent(30) {
            let good = *self.office.dice.pick(&self.goods);
            if good.family.kind == Kind::Goods {
                let broken = self.office.dice.between(1, 3);
                let body = json!({ "movement_type": "551", "text": "Found broken",
                    "items": [moved(house, &good, broken)] });
                let posted = self.office.act_on_all::<GoodsMovement>(house, "post", body);
                self.office.attempt("write-off", posted)?;
            }
        }
        Ok(())
    }

    fn announce(
        &mut self,
        house: &'static House,
        good: &Good,
        left: Decimal,
    ) -> Result<(), DemoError> {
        let dice = &mut self.office.dice;
        let lot = Decimal::from(good.usual.1 * dice.between(12, 22) / 10 + 1);
        let lot = (lot - left.min(Decimal::ZERO)).ceil();
        let days = dice.between(5, 24);
        let late = if dice.percent(12) { dice.between(1, 6) } else { 0 };
        let number = dice.between(100_000, 999_999);
        let body = json!({ "kind": "purchase", "product": good.id.to_string(),
            "plant": house.code.as_str(), "date": plus(self.office.today, days).to_string(),
            "quantity": { "value": format_decimal(lot), "unit": good.family.unit },
            "reference": format!("{}-{number}", house.country) });
        let made = self.office.create(house, "planned_receipt", body);
        let receipt = Ref::new(self.office.expect(|| "planned receipt".to_string(), made)?);
        self.later(days + late, Event::Arrive { receipt, house: house.code });
        Ok(())
    }

    /// Goods arrive, mostly all that were announced.
    pub(crate) fn arrive(
        &mut self,
        receipt: Ref<PlannedReceipt>,
        plant: Code,
    ) -> Result<(), DemoError> {
        let house = house(plant);
        let found = self.office.read(|tx| Ok(tx.load(receipt)?.value.terms));
        let terms = self.office.expect(|| "planned receipt".to_string(), found)?;
        let mut quantity = terms.open_quantity.value();
        if self.office.dice.percent(4) && quantity > Decimal::ONE {
            quantity = (quantity * Decimal::new(6, 1)).ceil();
        }
        let body = json!({ "movement_type": "101", "reference_number": terms.reference,
            "items": [{ "product": terms.product.to_string(), "plant": plant.as_str(),
                "quantity": { "value": format_decimal(quantity),
                    "unit": terms.open_quantity.unit().code() },
                "planned_receipt": receipt.to_string() }] });
        let posted = self.office.act_on_all::<GoodsMovement>(house, "post", body);
        self.office.expect(|| "goods receipt".to_string(), posted)?;
        if quantity < terms.open_quantity.value() {
            self.later(6, Event::Arrive { receipt, house: plant });
        }
        Ok(())
    }

    fn status_of(&mut self, order: Ref<SalesDocument>) -> Result<SalesStatus, DemoError> {
        let found = self.office.read(|tx| Ok(tx.load(order)?.value.status));
        self.office.expect(|| "an order".to_string(), found)
    }

    /// Delivers what can be delivered; tries again for the rest, and gives up in the end.
    pub(crate) fn deliver(
        &mut self,
        order: Ref<SalesDocument>,
        customer: usize,
        tries: u8,
    ) -> Result<(), DemoError> {
        let house = self.customers[customer].house;
        if self.status_of(order)?.delivery == Progress::Complete {
            return Ok(());
        }
        let made = self.office.act(house, order, "deliver", json!({ "items": [] }));
        let made = self.office.attempt("delivery", made)?;
        if let Some(delivery) = made.as_ref().and_then(id_in::<Delivery>) {
            if self.office.dice.per_mille(12) {
                let cancelled = self.office.act(house, delivery, "cancel", json!({}));
                self.office.expect(|| "cancellation of a delivery".to_string(), cancelled)?;
                self.later(1, Event::Deliver { order, customer, tries });
                return Ok(());
            }
            let days = self.office.dice.between(0, 1);
            self.later(days, Event::Issue { delivery, customer, order });
        }
        if self.status_of(order)?.delivery == Progress::Complete {
            return Ok(());
        }
        if tries > 9 {
            return self.reject_all(order, customer, "20");
        }
        let anew = self.office.act(house, order, "reschedule", json!({}));
        self.office.expect(|| "rescheduling".to_string(), anew)?;
        let days = self.office.dice.between(3, 7);
        self.later(days, Event::Deliver { order, customer, tries: tries + 1 });
        Ok(())
    }

    /// The goods leave; a few come back to the ramp at once.
    pub(crate) fn issue(
        &mut self,
        delivery: Ref<Delivery>,
        customer: usize,
        order: Ref<SalesDocument>,
    ) -> Result<(), DemoError> {
        let house = self.customers[customer].house;
        let posted = self.office.act(house, delivery, "post_goods_issue", json!({}));
        if self.office.attempt("goods issue", posted)?.is_none() {
            self.later(3, Event::Issue { delivery, customer, order });
            return Ok(());
        }
        if self.office.dice.per_mille(8) {
            let reversed = self.office.act(house, delivery, "reverse_goods_issue", json!({}));
            self.office.attempt("reversal of a goods issue", reversed)?;
            self.later(1, Event::Issue { delivery, customer, order });
            return Ok(());
        }
        if self.customers[customer].collective {
            self.weekly.entry(customer).or_default().push(delivery);
            return Ok(());
        }
        let days = self.office.dice.between(0, 2);
        self.later(days, Event::Bill { delivery, customer, order });
        Ok(())
    }
}

fn moved(house: &House, good: &Good, count: i64) -> Value {
    json!({ "product": good.id.to_string(), "plant": house.code.as_str(),
        "quantity": { "value": count.to_string(), "unit": good.family.unit } })
}
