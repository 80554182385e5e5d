//! The steps through the modules, in this process.

use tessera_billing::{BillingDraft, DeliveryToBill, DraftHeader as BillingHeader};
use tessera_delivery::{Delivery, DeliveryDraft, DraftHeader, DraftItem as DeliveryItem};
use tessera_kernel::{
    Actor, Cell, Code, Database, Object, ObjectId, Problem, Quantity, Query, Ref, Source, Unit,
};
use tessera_sales::{DraftHeader as SalesDraftHeader, DraftItem, SalesDocument, SalesDraft};

use crate::BenchError;
use crate::fixture::Fixture;
use crate::load::{Draw, Driver};

/// A client that calls the verbs.
pub(crate) struct Embedded {
    pub(crate) db: Database,
    pub(crate) fixture: std::sync::Arc<Fixture>,
    pub(crate) actor: Actor,
}

impl Embedded {
    pub(crate) fn new(db: &Database, fixture: &std::sync::Arc<Fixture>) -> Self {
        let actor = Actor::user("bench", Source::System, true);
        Self { db: db.clone(), fixture: fixture.clone(), actor }
    }
}

impl Driver for Embedded {
    fn create_order(&mut self, draw: &Draw) -> Result<ObjectId, BenchError> {
        let items = draw.items.iter().map(|(product, quantity)| DraftItem {
            product: Some(self.fixture.products[*product]),
            quantity: Some(Quantity::of(*quantity, Unit::PC)),
            ..DraftItem::default()
        });
        let draft = SalesDraft {
            header: header(self.fixture.customers[draw.customer]),
            items: items.collect(),
            conditions: Vec::new(),
            texts: Vec::new(),
        };
        Ok(self.db.command::<_, Problem>(&self.actor, move |tx| {
            Ok(tessera_sales::create_sales_document(tx, &draft)?.head.id)
        })?)
    }

    fn create_delivery(&mut self, order: ObjectId) -> Result<ObjectId, BenchError> {
        let items = vec![DeliveryItem::all_of(Ref::new(order))];
        let draft = DeliveryDraft { header: DraftHeader::default(), items };
        Ok(self.db.command::<_, Problem>(&self.actor, move |tx| {
            Ok(tessera_delivery::create_delivery(tx, &draft)?.head.id)
        })?)
    }

    fn display_order(&mut self, order: ObjectId) -> Result<(), BenchError> {
        self.db.read::<_, Problem>(&self.actor, |tx| {
            let order = tx.load::<SalesDocument>(Ref::new(order))?;
            std::hint::black_box(&order);
            Ok(())
        })?;
        Ok(())
    }

    fn post_goods_issue(&mut self, delivery: ObjectId) -> Result<(), BenchError> {
        self.db.command::<_, Problem>(&self.actor, move |tx| {
            tessera_delivery::post_goods_issue(tx, Ref::<Delivery>::new(delivery), None)?;
            Ok(())
        })?;
        Ok(())
    }

    fn list_orders(&mut self, draw: &Draw) -> Result<(), BenchError> {
        let customer = self.fixture.customers[draw.customer];
        self.db.read::<_, Problem>(&self.actor, |tx| {
            let def = SalesDocument::def();
            let sold_to = Cell::Uuid(customer.id().0);
            let query = Query::default().equals(def, "sold_to", sold_to)?.limit(40);
            std::hint::black_box(tx.list(def, &query)?);
            Ok(())
        })?;
        Ok(())
    }

    fn create_invoice(&mut self, delivery: ObjectId) -> Result<(), BenchError> {
        let draft = BillingDraft {
            header: BillingHeader::default(),
            deliveries: vec![DeliveryToBill { delivery: Ref::new(delivery), item: None }],
            orders: Vec::new(),
        };
        self.db.command::<_, Problem>(&self.actor, move |tx| {
            tessera_billing::create_billing_documents(tx, &draft)?;
            Ok(())
        })?;
        Ok(())
    }
}

fn header(sold_to: Ref<tessera_partner::BusinessPartner>) -> SalesDraftHeader {
    SalesDraftHeader {
        sold_to: Some(sold_to),
        sales_organisation: Some(Code::literal("1000")),
        distribution_channel: Some(Code::literal("10")),
        division: Some(Code::literal("00")),
        ..SalesDraftHeader::new(Code::literal("OR"))
    }
}
