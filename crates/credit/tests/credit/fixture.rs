//! A database with payers of different credit terms in the area 1000 (EUR).

use std::collections::HashMap;
use std::sync::Arc;

use tessera_credit::{CreditError, Measure, Standing};
use tessera_customizing::{Customizing, Diagnostics};
use tessera_kernel::{
    Actor, Cache, Code, Currency, Database, Environment, Fault, Findings, FixedClock, Instant,
    Language, Money, NumberRange, Numbering, ObjectId, RandomIds, Ref, Registry, Settings, Source,
    Tx,
};
use tessera_partner::{BusinessPartner, PartnerCategory, PartnerCredit, PartnerGeneral};
use tessera_store_sqlite::{Options, SqliteStore};

pub(crate) const AREA: Code = Code::literal("1000");

pub(crate) struct Fixture {
    pub(crate) database: Database,
    _folder: tempfile::TempDir,
}

pub(crate) fn euro(amount: i64) -> Money {
    Money::from_minor(amount * 100, Currency::EUR)
}

/// Credit terms in the area.
pub(crate) fn terms(limit: Option<i64>, risk_category: &str) -> PartnerCredit {
    PartnerCredit {
        credit_control_area: AREA,
        limit: limit.map(euro),
        risk_category: Code::parse(risk_category).unwrap(),
        blocked: false,
    }
}

fn partner(credit: Vec<PartnerCredit>) -> BusinessPartner {
    BusinessPartner {
        general: PartnerGeneral {
            category: PartnerCategory::Organisation,
            name: "Becker GmbH".into(),
            name2: None,
            language: Language::DE,
            country: Code::literal("DE"),
            tax_classification: Code::literal("full"),
            industry: None,
            blocked: false,
            search_term: None,
        },
        roles: vec![],
        addresses: vec![],
        contact_points: vec![],
        banks: vec![],
        tax_numbers: vec![],
        relationships: vec![],
        companies: vec![],
        sales_areas: vec![],
        function_defaults: vec![],
        credit,
    }
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut problems = Diagnostics::default();
        let configs =
            [tessera_organisation::CONFIG, tessera_partner::CONFIG, tessera_credit::CONFIG];
        let customizing = Customizing::load(&configs, None, &mut problems);
        let mut settings = Settings::default();
        settings.insert(tessera_organisation::settings(&customizing, &mut problems));
        settings.insert(tessera_partner::settings(&customizing, &mut problems));
        settings.insert(tessera_credit::settings(&customizing, &mut problems));
        assert_eq!(problems, Diagnostics::default());
        let options = Options { sync: false, ..Options::creating() };
        let store = SqliteStore::open(&folder.path().join("test.db"), options).unwrap();
        let numbers = NumberRange {
            name: "business_partner".into(),
            prefix: String::new(),
            from: 1,
            to: 999_999,
            width: 6,
            block: 10,
        };
        let modules = vec![
            tessera_organisation::module(),
            tessera_partner::module(),
            tessera_credit::module(),
        ];
        let environment = Environment {
            registry: Registry::new(modules),
            clock: Arc::new(FixedClock::at(Instant::parse("2024-05-01T10:00:00Z").unwrap())),
            ids: Arc::new(RandomIds::seeded(1)),
            homes: tessera_kernel::Homes::default(),
            settings,
            catalogues: customizing.codes(),
            numbering: Numbering::new([numbers]),
            cache: Cache::default(),
            extensions: tessera_kernel::CurrentExtensions::default(),
        };
        let database = Database::open(Arc::new(store), environment).unwrap();
        Self { database, _folder: folder }
    }

    pub(crate) fn run<R: Send + 'static>(
        &self,
        command: impl FnMut(&mut Tx<'_>) -> Result<R, CreditError> + Send + 'static,
    ) -> Result<R, CreditError> {
        self.database.command(&Actor::system(Source::System), command)
    }

    pub(crate) fn payer(&self, credit: &[PartnerCredit]) -> Ref<BusinessPartner> {
        let credit = credit.to_vec();
        self.run(move |tx| Ok(tx.insert(partner(credit.clone()))?.id())).unwrap()
    }

    pub(crate) fn set_terms(&self, payer: Ref<BusinessPartner>, terms: &PartnerCredit) {
        let terms = terms.clone();
        let change = move |tx: &mut Tx<'_>| {
            let mut partner = tx.load(payer)?;
            partner.credit = vec![terms.clone()];
            tx.save(&mut partner)?;
            Ok(())
        };
        self.run(change).unwrap();
    }

    pub(crate) fn standing(&self, payer: Ref<BusinessPartner>) -> Standing {
        self.run(move |tx| tessera_credit::exposure(tx, AREA, payer)).unwrap()
    }

    /// The exposure equals what the test knows of orders, deliveries and invoices.
    pub(crate) fn verify(&self, expected: &HashMap<Ref<BusinessPartner>, [i64; 3]>) -> Vec<String> {
        let mut findings = Findings::default();
        let actor = Actor::system(Source::System);
        let outcome: Result<(), Fault> = self.database.read(&actor, |tx| {
            for (position, measure) in Measure::ALL.into_iter().enumerate() {
                let of = |(payer, parts): (&Ref<BusinessPartner>, &[i64; 3])| {
                    ((AREA, payer.id()), parts[position])
                };
                let expected: HashMap<(Code, ObjectId), i64> = expected.iter().map(of).collect();
                tessera_credit::compare_exposure(tx, measure, &expected, &mut findings)?;
            }
            Ok(())
        });
        outcome.unwrap();
        findings.differences
    }
}
