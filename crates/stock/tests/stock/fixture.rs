//! A database with two products: one whose stock limits what is promised, one without a check.

use std::collections::HashMap;
use std::sync::Arc;

use tessera_customizing::{Customizing, Diagnostics};
use tessera_kernel::{
    Actor, Cache, Code, Currency, Database, Date, Environment, Fault, Findings, FixedClock,
    Instant, Money, NumberRange, Numbering, Problem, Quantity, RandomIds, Ref, Registry, Settings,
    Source, Tx, Unit,
};
use tessera_product::{AvailabilityCheck, Product, ProductGeneral, ProductPlant, ProductUnit};
use tessera_stock::{
    AvailabilityPolicy, MovementDraft, MovementLine, Promise, StockError, post_movement, reserve,
};
use tessera_store_sqlite::{Options, SqliteStore};

pub(crate) const PLANT: Code = Code::literal("1000");
pub(crate) const OTHER_PLANT: Code = Code::literal("1001");
/// A plant of another company.
pub(crate) const FOREIGN_PLANT: Code = Code::literal("1100");
pub(crate) const LOCATION: Code = Code::literal("1000-0001");
pub(crate) const SHELF: Code = Code::literal("1000-0002");

const CONFIG: tessera_customizing::Shipped = tessera_customizing::Shipped {
    file: "test.toml",
    text: r#"
[storage_location.1000-0002]
name = { en = "Shelf" }
plant = "1000"
[plant.1001]
name = { en = "Second warehouse" }
company_code = "1000"
country = "DE"
zone = "Europe/Berlin"
[storage_location.1001-0001]
name = { en = "Second warehouse, main store" }
plant = "1001"
"#,
};

pub(crate) struct Fixture {
    pub(crate) database: Database,
    /// Stock limits what is promised of it; 2.50 EUR a piece, 3.00 in plant 1001, 2.50 GBP
    /// in plant 1100.
    pub(crate) product: Ref<Product>,
    /// It is always there.
    pub(crate) unchecked: Ref<Product>,
    _folder: tempfile::TempDir,
}

pub(crate) fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

/// The n-th day of May 2024; the clock shows the first.
pub(crate) fn may(day: i8) -> Date {
    Date::new(2024, 5, day).unwrap()
}

pub(crate) fn pieces(count: i64) -> Quantity {
    Quantity::of(count, Unit::PC)
}

fn range(name: &str) -> NumberRange {
    NumberRange {
        name: name.into(),
        prefix: String::new(),
        from: 1,
        to: 999_999,
        width: 6,
        block: 10,
    }
}

fn kept(plant: Code, currency: Currency, check: AvailabilityCheck) -> ProductPlant {
    ProductPlant {
        plant,
        availability_check: check,
        loading_group: None,
        standard_price: Money::from_minor(250, currency),
        price_unit: 1,
        replenishment_days: None,
        valuation_class: code("merchandise"),
        storage_location: code(&format!("{plant}-0001")),
    }
}

fn product(name: &str, check: AvailabilityCheck) -> Product {
    Product {
        general: ProductGeneral {
            product_type: code("goods"),
            base_unit: Unit::PC,
            product_group: code("hardware"),
            gross_weight: None,
            net_weight: None,
            gtin: None,
            blocked: false,
            name: name.into(),
        },
        descriptions: vec![],
        units: vec![ProductUnit { unit: Unit::BOX, numerator: 6, denominator: 1, gtin: None }],
        sales: vec![],
        taxes: vec![],
        plants: vec![
            kept(PLANT, Currency::EUR, check),
            ProductPlant {
                standard_price: Money::from_minor(300, Currency::EUR),
                ..kept(OTHER_PLANT, Currency::EUR, check)
            },
            kept(FOREIGN_PLANT, Currency::GBP, check),
        ],
    }
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut problems = Diagnostics::default();
        let configs = [
            tessera_organisation::CONFIG,
            tessera_product::CONFIG,
            tessera_stock::CONFIG,
            &[CONFIG],
        ];
        let customizing = Customizing::load(&configs, None, &mut problems);
        let mut settings = Settings::default();
        settings.insert(tessera_organisation::settings(&customizing, &mut problems));
        settings.insert(tessera_product::settings(&customizing, &mut problems));
        settings.insert(tessera_stock::settings(&customizing, &mut problems));
        assert_eq!(problems, Diagnostics::default());
        let options = Options { sync: false, ..Options::creating() };
        let store = SqliteStore::open(&folder.path().join("test.db"), options).unwrap();
        let modules = vec![
            tessera_organisation::module(),
            tessera_product::module(),
            tessera_stock::module(),
        ];
        let environment = Environment {
            registry: Registry::new(modules),
            clock: Arc::new(FixedClock::at(Instant::parse("2024-05-01T10:00:00Z").unwrap())),
            ids: Arc::new(RandomIds::seeded(1)),
            homes: tessera_kernel::Homes::default(),
            settings,
            catalogues: customizing.codes(),
            numbering: Numbering::new(["product", "goods_movement", "planned_receipt"].map(range)),
            cache: Cache::default(),
            extensions: tessera_kernel::CurrentExtensions::default(),
        };
        let database = Database::open(Arc::new(store), environment).unwrap();
        let insert = |name: &'static str, check| {
            let insert = move |tx: &mut Tx<'_>| {
                Ok::<_, Fault>(tx.insert_numbered(product(name, check), Some(name.into()))?.id())
            };
            database.command(&Actor::system(Source::System), insert).unwrap()
        };
        let checked = insert("SCREW", AvailabilityCheck::Stock);
        let unchecked = insert("SAND", AvailabilityCheck::None);
        Self { database, product: checked, unchecked, _folder: folder }
    }

    pub(crate) fn run<R: Send + 'static>(
        &self,
        command: impl FnMut(&mut Tx<'_>) -> Result<R, StockError> + Send + 'static,
    ) -> Result<R, StockError> {
        self.database.command(&Actor::system(Source::System), command)
    }

    pub(crate) fn line(&self, count: i64) -> MovementLine {
        MovementLine::new(self.product, PLANT, pieces(count))
    }

    /// Posts one line and answers the movement's id.
    pub(crate) fn post(
        &self,
        movement_type: &str,
        line: MovementLine,
    ) -> Result<Ref<tessera_stock::GoodsMovement>, StockError> {
        let movement_type = code(movement_type);
        self.run(move |tx| {
            Ok(post_movement(tx, MovementDraft::new(movement_type, may(1), vec![line]))?.id())
        })
    }

    pub(crate) fn reserve(
        &self,
        count: i64,
        day: i8,
        policy: AvailabilityPolicy,
    ) -> Result<Vec<Promise>, StockError> {
        let product = self.product;
        self.run(move |tx| reserve(tx, product, PLANT, pieces(count), may(day), may(1), policy))
    }

    pub(crate) fn on_hand(&self, plant: Code) -> Quantity {
        let product = self.product;
        self.run(move |tx| tessera_stock::on_hand(tx, product, plant)).unwrap()
    }

    /// What may still be promised, by day.
    pub(crate) fn available(&self) -> Vec<(Date, Quantity)> {
        let product = self.product;
        let lines =
            self.run(move |tx| tessera_stock::availability(tx, product, PLANT, may(1))).unwrap();
        lines.into_iter().map(|line| (line.date, line.available)).collect()
    }

    /// Every balance equals its documents; `reserved` is what the test knows of reservations.
    pub(crate) fn verify(&self, reserved: &HashMap<Date, i64>) -> Vec<String> {
        let mut findings = Findings::default();
        let product = self.product;
        let expected: HashMap<(Ref<Product>, Code, Date), i64> = reserved
            .iter()
            .map(|(date, count)| ((product, PLANT, *date), *count * 1_000_000))
            .collect();
        let actor = Actor::system(Source::System);
        let outcome: Result<(), Problem> = self.database.read(&actor, |tx| {
            for check in self.database.environment().registry.checks() {
                (check.run)(tx, &mut findings)?;
            }
            Ok(tessera_stock::compare_reserved(tx, &expected, &mut findings)?)
        });
        outcome.unwrap();
        findings.differences
    }
}
