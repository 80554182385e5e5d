//! What the chains rest on: partners, products, opening stock.

use std::sync::Arc;

use tessera_delivery::{MovementForm, MovementHeader, MovementItem, post_goods_movement};
use tessera_kernel::{
    Actor, Checked, Code, Database, Date, Kind, Language, Object, Problem, Quantity, Ref, Tx, Unit,
    Validity,
};
use tessera_partner::{
    BusinessPartner, MAIN_ADDRESS, PartnerAddress, PartnerCategory, PartnerGeneral, PartnerRole,
    PartnerSalesArea,
};
use tessera_product::{
    AvailabilityCheck, Product, ProductDescription, ProductGeneral, ProductPlant, ProductSales,
    ProductTax,
};

use crate::history::{History, Party};
use crate::product::ShopProduct;
use crate::seller::Seller;
use crate::{ImportError, Progress, Stage};

/// Objects made in one command.
const CHUNK: usize = 500;

const OPENING_STOCK: Code = Code::literal("561");

/// Ids by position in the history.
#[derive(Debug, Default)]
pub(crate) struct Base {
    pub(crate) parties: Vec<Ref<BusinessPartner>>,
    pub(crate) products: Vec<Ref<Product>>,
}

/// Refuses to begin where a number of the file is taken.
pub(crate) fn check_numbers(
    db: &Database,
    actor: &Actor,
    history: &History,
) -> Result<(), ImportError> {
    db.read(actor, |tx| {
        for product in &history.products {
            refuse_known::<Product>(tx, &product.number)?;
        }
        for party in &history.parties {
            refuse_known::<BusinessPartner>(tx, &party.number)?;
        }
        Ok(())
    })
}

fn refuse_known<T: Object>(tx: &mut Tx<'_>, number: &str) -> Result<(), ImportError> {
    match tx.lookup::<T>("number", number)? {
        None => Ok(()),
        Some(_) => Err(ImportError::Exists { object: T::NAME, number: number.to_string() }),
    }
}

/// Makes partners and products.
pub(crate) fn make(
    db: &Database,
    actor: &Actor,
    history: &History,
    seller: Seller,
    progress: &mut dyn FnMut(Progress),
) -> Result<Base, ImportError> {
    let mut base = Base::default();
    let of = count(history.parties.len() + history.products.len());
    for chunk in history.parties.chunks(CHUNK) {
        let partners: Vec<_> =
            chunk.iter().map(|party| (party.number.clone(), partner(party, seller))).collect();
        base.parties.extend(insert(db, actor, partners)?);
        progress(Progress { stage: Stage::MasterData, done: count(base.parties.len()), of });
    }
    for chunk in history.products.chunks(CHUNK) {
        let mut products = Vec::with_capacity(chunk.len());
        for shop_product in chunk {
            let product = product(shop_product, &history.texts, seller)?;
            products.push((shop_product.number.clone(), product));
        }
        base.products.extend(insert(db, actor, products)?);
        let done = count(base.parties.len() + base.products.len());
        progress(Progress { stage: Stage::MasterData, done, of });
    }
    Ok(base)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn insert<T: Checked>(
    db: &Database,
    actor: &Actor,
    objects: Vec<(String, T)>,
) -> Result<Vec<Ref<T>>, ImportError> {
    let ids = db.command::<_, Problem>(actor, move |tx| {
        tx.actor().require(T::NAME, "create")?;
        let mut ids = Vec::with_capacity(objects.len());
        for (number, object) in &objects {
            tx.check_references(object)?;
            object.check(tx)?;
            ids.push(tx.insert_numbered(object.clone(), Some(number.clone()))?.id());
        }
        Ok(ids)
    })?;
    Ok(ids)
}

fn partner(party: &Party, seller: Seller) -> BusinessPartner {
    let domestic = party.country == seller.country;
    let group = if domestic { Code::literal("01") } else { Code::literal("02") };
    BusinessPartner {
        general: PartnerGeneral {
            category: PartnerCategory::Organisation,
            name: party.name.clone(),
            name2: None,
            language: Language::EN,
            country: party.country,
            tax_classification: Code::literal("exempt"),
            industry: None,
            blocked: false,
            search_term: None,
        },
        roles: vec![PartnerRole { role: Code::literal("customer") }],
        addresses: vec![PartnerAddress {
            kind: MAIN_ADDRESS,
            street: None,
            house_number: None,
            postal_code: None,
            city: None,
            region: None,
            country: party.country,
        }],
        contact_points: Vec::new(),
        banks: Vec::new(),
        tax_numbers: Vec::new(),
        relationships: Vec::new(),
        companies: Vec::new(),
        sales_areas: vec![PartnerSalesArea {
            sales_organisation: seller.organisation,
            distribution_channel: seller.channel,
            division: seller.division,
            valid: Validity::always(),
            currency: seller.currency,
            customer_group: None,
            price_group: None,
            price_list: None,
            pricing_procedure_class: None,
            payment_terms: Code::literal("N00"),
            incoterms: None,
            shipping_condition: Code::literal("STANDARD"),
            delivering_plant: None,
            delivery_priority: 2,
            complete_delivery: false,
            order_combination: true,
            account_assignment_group: group,
        }],
        function_defaults: Vec::new(),
        credit: Vec::new(),
    }
}

fn product(
    shop_product: &ShopProduct,
    texts: &[Box<str>],
    seller: Seller,
) -> Result<Product, ImportError> {
    let name = match shop_product.name() {
        Some(text) => texts[text as usize].to_string(),
        None => shop_product.number.clone(),
    };
    let choose =
        |goods, service| Code::literal(if shop_product.is_goods() { goods } else { service });
    let kept = if shop_product.is_goods() {
        let price = shop_product.standard_price(seller.currency);
        vec![ProductPlant {
            plant: seller.plant,
            // What history sold needs no promise; see `check_availability`.
            availability_check: AvailabilityCheck::None,
            loading_group: None,
            standard_price: price.map_err(tessera_kernel::Fault::from)?,
            price_unit: 1,
            replenishment_days: None,
            valuation_class: Code::literal("merchandise"),
            storage_location: seller.storage_location,
        }]
    } else {
        Vec::new()
    };
    Ok(Product {
        general: ProductGeneral {
            product_type: choose("goods", "service"),
            base_unit: Unit::PC,
            product_group: choose("gifts", "services"),
            gross_weight: None,
            net_weight: None,
            gtin: None,
            blocked: false,
            name: name.clone(),
        },
        descriptions: vec![ProductDescription { language: Language::EN, name, text: None }],
        units: Vec::new(),
        sales: vec![ProductSales {
            sales_organisation: seller.organisation,
            distribution_channel: seller.channel,
            sales_unit: None,
            minimum_quantity: None,
            item_category_group: choose("NORM", "SERV"),
            account_assignment_group: shop_product.account_group,
            price_group: None,
            delivering_plant: None,
            blocked: false,
        }],
        taxes: vec![ProductTax { country: seller.country, tax_class: Code::literal("full") }],
        plants: kept,
    })
}

/// Posts the opening stock, pieces by position of the product, as one goods movement; nothing
/// where no product needs any.
pub(crate) fn post_opening_stock(
    db: &Database,
    actor: &Actor,
    base: &Base,
    stock: &[i64],
    seller: Seller,
    day: Date,
) -> Result<(), ImportError> {
    let items = base.products.iter().zip(stock).filter(|(_, pieces)| **pieces > 0);
    let items = items.map(|(product, pieces)| movement_item(*product, *pieces, seller));
    let form = MovementForm {
        header: MovementHeader {
            movement_type: OPENING_STOCK,
            posting_date: Some(day),
            reference_number: None,
            text: Some("Opening stock: what the sales of the file need".to_string()),
        },
        items: items.collect(),
    };
    if form.items.is_empty() {
        return Ok(());
    }
    db.command::<_, Problem>(actor, move |tx| Ok(post_goods_movement(tx, &form).map(drop)?))?;
    Ok(())
}

/// So many pieces of a product.
pub(crate) fn movement_item(product: Ref<Product>, pieces: i64, seller: Seller) -> MovementItem {
    MovementItem {
        product,
        plant: seller.plant,
        storage_location: Some(seller.storage_location),
        to_plant: None,
        to_storage_location: None,
        quantity: Quantity::of(pieces, Unit::PC),
        planned_receipt: None,
    }
}

/// From now on orders of goods are promised by stock. While history was booked they were not:
/// what was shipped needs no promise, and promises are made for today and later only.
pub(crate) fn check_availability(
    db: &Database,
    actor: &Actor,
    base: &Arc<Base>,
) -> Result<(), ImportError> {
    for first in (0..base.products.len()).step_by(CHUNK) {
        let base = base.clone();
        db.command::<_, Problem>(actor, move |tx| {
            tx.actor().require(Product::NAME, "change")?;
            for id in base.products[first..].iter().take(CHUNK) {
                let mut product = tx.load(*id)?;
                for plant in &mut product.value.plants {
                    plant.availability_check = AvailabilityCheck::Stock;
                }
                tx.save(&mut product)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}
