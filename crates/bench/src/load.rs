//! The steps of a cycle, whoever runs them, and what a client draws.

use tessera_kernel::ObjectId;

use crate::BenchError;
use crate::fixture::{CUSTOMERS, PRODUCTS};

/// What a client orders in one cycle: positions of the customer and of five products, and
/// quantities.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    pub(crate) customer: usize,
    pub(crate) items: [(usize, i64); 5],
}

/// A generator that gives each client its own sequence (SplitMix64, by Sebastiano Vigna).
#[derive(Clone, Debug)]
pub(crate) struct Draws {
    state: u64,
    products: usize,
}

impl Draws {
    /// Of a client who orders so many of the products.
    pub(crate) fn new(client: usize, products: usize) -> Self {
        Self { state: 0x5EED_0000 + client as u64, products: products.clamp(1, PRODUCTS) }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as usize % bound
    }

    pub(crate) fn next(&mut self) -> Draw {
        let customer = self.below(CUSTOMERS);
        let first = self.below(self.products);
        let items = std::array::from_fn(|position| {
            let product = (first + position * 197) % self.products;
            (product, 1 + self.below(10) as i64)
        });
        Draw { customer, items }
    }
}

/// Runs the steps of a cycle somewhere.
pub(crate) trait Driver: Send {
    fn create_order(&mut self, draw: &Draw) -> Result<ObjectId, BenchError>;
    fn create_delivery(&mut self, order: ObjectId) -> Result<ObjectId, BenchError>;
    fn display_order(&mut self, order: ObjectId) -> Result<(), BenchError>;
    fn post_goods_issue(&mut self, delivery: ObjectId) -> Result<(), BenchError>;
    fn list_orders(&mut self, draw: &Draw) -> Result<(), BenchError>;
    fn create_invoice(&mut self, delivery: ObjectId) -> Result<(), BenchError>;
}

/// One cycle; `done` hears of each step when it is over, with the order or delivery that it
/// was about.
pub(crate) fn cycle(
    driver: &mut dyn Driver,
    draw: &Draw,
    done: &mut dyn FnMut(usize, ObjectId) -> Result<(), BenchError>,
) -> Result<(), BenchError> {
    let order = driver.create_order(draw)?;
    done(0, order)?;
    let delivery = driver.create_delivery(order)?;
    done(1, delivery)?;
    driver.display_order(order)?;
    done(2, order)?;
    driver.post_goods_issue(delivery)?;
    done(3, delivery)?;
    driver.list_orders(draw)?;
    done(4, order)?;
    driver.create_invoice(delivery)?;
    done(5, delivery)
}
