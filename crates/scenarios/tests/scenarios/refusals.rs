//! What documents and master data refuse, and which field of the input is named.

use serde_json::{Value, json};
use tessera_kernel::Problem;

use crate::documents::{Order, quantity};
use crate::shop::Shop;

/// Body with another value at a JSON pointer.
fn with(body: &Value, pointer: &str, value: Value) -> Value {
    let mut body = body.clone();
    *body.pointer_mut(pointer).unwrap_or_else(|| panic!("there is no {pointer}")) = value;
    body
}

#[track_caller]
fn names(refused: Problem, paths: &[&str]) {
    let found: Vec<&str> = refused.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(found, paths, "{refused}");
    for field in &refused.fields {
        assert!(!field.message.starts_with(':') && !field.message.ends_with(": "), "{refused}");
    }
}

/// Two items of acme with a price, a discount and a discount on the whole document.
fn order(shop: &Shop) -> Value {
    json!({
        "header": { "document_type": "OR", "sold_to": shop.partner("acme").to_string(),
            "sales_organisation": "1000", "distribution_channel": "10", "division": "00",
            "document_date": "2026-03-02", "pricing_date": "2026-03-02", "currency": "EUR",
            "requested_delivery": "2026-03-09", "valid_to": null },
        "items": [
            { "item": 10, "product": shop.product_id("bolt").to_string(),
                "quantity": quantity("2", "PC"), "requested_delivery": "2026-03-09",
                "item_category": "TAN" },
            { "item": 20, "product": shop.product_id("nut").to_string(),
                "quantity": quantity("100", "PC") },
        ],
        "conditions": [
            { "item": 10, "condition_type": "PR00", "rate": "9", "per": quantity("1", "PC"),
                "currency": "EUR" },
            { "item": 20, "condition_type": "RA00", "rate": "5" },
            { "condition_type": "HB00", "rate": "1" },
        ],
        "texts": [{ "kind": "HEAD", "language": "en", "text": "Ring twice" }],
    })
}

#[test]
fn a_new_document_is_refused_at_the_field_that_is_wrong() {
    let shop = Shop::new();
    let body = order(&shop);
    let again = |pointer: &str| body.pointer(pointer).unwrap().clone();
    let (price, rate) = (again("/conditions/0"), |rate: &str| json!(rate));
    let per = |value: &str, unit: &str| quantity(value, unit);
    let cases: Vec<(&str, Value, &[&str])> = vec![
        ("/header/document_date", json!("1900-01-01"), &["header.sold_to", "header.document_date"]),
        ("/header/document_date", json!("9999-12-31"), &["header.document_date"]),
        ("/header/pricing_date", json!("0001-01-01"), &["header.pricing_date"]),
        ("/header/requested_delivery", json!("2026-03-01"), &["header.requested_delivery"]),
        ("/header/requested_delivery", json!("9999-12-31"), &["header.requested_delivery"]),
        ("/header/currency", json!("NOK"), &["header.currency"]),
        ("/header/valid_to", json!("2026-04-01"), &["header.valid_to"]),
        ("/items/0/item", json!(1_000_000), &["items[0].item"]),
        ("/items/1/item", json!(10), &["items[1].item"]),
        ("/items/0/requested_delivery", json!("2026-03-01"), &["items[0].requested_delivery"]),
        ("/items/0/item_category", json!("TANN"), &["conditions[0].item"]),
        ("/items/0/quantity", per("1000000000", "PC"), &["conditions[0].rate"]),
        ("/conditions/0/rate", rate("-1"), &["conditions[0].rate"]),
        ("/conditions/0/rate", rate("9000000000000"), &["conditions[0].rate"]),
        ("/conditions/0/item", Value::Null, &["conditions[0].item"]),
        ("/conditions/0/per", per("1", "ZZZ"), &["conditions[0].per.unit"]),
        ("/conditions/0/per", per("1", "BOX"), &["conditions[0].per.unit"]),
        ("/conditions/0/per", per("0.5", "PC"), &["conditions[0].per"]),
        ("/conditions/0/condition_type", json!("MWST"), &["conditions[0].condition_type"]),
        ("/conditions/0/condition_type", json!("HA00"), &["conditions[0].item"]),
        ("/conditions/1", price.clone(), &["conditions[1].condition_type"]),
        ("/conditions/1/rate", rate("-5"), &["conditions[1].rate"]),
        ("/conditions/1/rate", rate("101"), &["conditions[1].rate"]),
        ("/conditions/2/rate", rate("40"), &["conditions[2].rate"]),
        ("/texts/0/text", json!(" "), &["texts[0].text"]),
    ];
    for (pointer, value, paths) in cases {
        let large = pointer == "/items/0/quantity";
        let case = with(&body, pointer, value);
        let case = if large { with(&case, "/conditions/0/rate", rate("90000")) } else { case };
        let Err(refused) = shop.create("sales_document", case.clone()) else {
            panic!("{pointer} was taken: {case}");
        };
        names(refused, paths);
    }
    let twice = json!([again("/texts/0"), again("/texts/0")]);
    let refused = shop.create("sales_document", with(&body, "/texts", twice)).unwrap_err();
    names(refused, &["texts[1]"]);
    shop.create("sales_document", body).unwrap();
    shop.verify();
}

#[test]
fn a_value_too_large_to_keep_is_refused_where_the_quantity_or_the_price_was_said() {
    let shop = Shop::new();
    shop.price("bolt", "9000000000000", &[]);
    let plain = json!({ "product": shop.product_id("bolt").to_string(),
        "quantity": quantity("1000000000", "PC") });
    let refused = shop.document("OR", "free", json!([plain]), json!({})).unwrap_err();
    assert_eq!(refused.code, "pricing.too_large");
    names(refused, &["items[0].quantity"]);
    shop.verify();
}

#[test]
fn a_number_of_an_item_has_six_digits() {
    let shop = Shop::new();
    let item = |number: Option<u32>| {
        json!({ "item": number, "product": shop.product_id("bolt").to_string(),
            "quantity": quantity("1", "PC") })
    };
    let order = shop.document("OR", "free", json!([item(Some(999_999))]), json!({})).unwrap();
    let refused = shop.change(order, json!({ "items": [item(None)] })).unwrap_err();
    names(refused, &["items[0].item"]);
    shop.change(order, json!({ "items": [item(Some(5))] })).unwrap();
    shop.verify();
}

#[test]
fn a_currency_without_a_rate_is_named_also_where_nothing_has_a_cost() {
    let shop = Shop::new();
    let hours = json!([{ "product": shop.product_id("advice").to_string(),
        "quantity": quantity("1", "H") }]);
    let refused = shop.document("OR", "acme", hours, json!({ "currency": "NOK" })).unwrap_err();
    assert_eq!(refused.code, "organisation.no_rate");
    names(refused, &["header.currency"]);
}

#[test]
fn a_change_is_refused_at_the_field_that_is_wrong() {
    let shop = Shop::new();
    let order: Order = shop.sales_document(order(&shop)).unwrap();
    let price = json!({ "item": 10, "condition_type": "PR00", "rate": "8" });
    let text = json!({ "kind": "HEAD", "language": "en", "text": "Ring once" });
    let priced = |more: Value| {
        let mut price = price.clone();
        price.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "conditions": [price] })
    };
    let per = |unit: &str| json!({ "per": quantity("1", unit) });
    let item = |more: Value| json!({ "items": [more] });
    let new = |mut more: Value| {
        more["product"] = json!(shop.product_id("bolt").to_string());
        more["quantity"] = quantity("1", "PC");
        more
    };
    let cases: Vec<(Value, &str)> = vec![
        (json!({ "items": [{ "item": 10 }, { "item": 10 }] }), "items[1].item"),
        (json!({ "texts": [text, text] }), "texts[1]"),
        (json!({ "conditions": [price, price] }), "conditions[1].condition_type"),
        (priced(json!({ "rate": "-1" })), "conditions[0].rate"),
        (priced(per("ZZZ")), "conditions[0].per.unit"),
        (priced(per("BOX")), "conditions[0].per.unit"),
        (priced(json!({ "condition_type": "RB00", "rate": "30" })), "conditions[0].rate"),
        (json!({ "requested_delivery": "2026-03-01" }), "requested_delivery"),
        (json!({ "pricing_date": "9999-12-31" }), "pricing_date"),
        (json!({ "valid_to": "2026-04-01" }), "valid_to"),
        (item(json!({ "item": 10, "plant": "1100" })), "items[0].plant"),
        (item(new(json!({ "item": 1_000_000 }))), "items[0].item"),
        (item(new(json!({ "rejection_reason": "10" }))), "items[0].rejection_reason"),
        (item(new(json!({ "reopen": true }))), "items[0].reopen"),
        (
            item(json!({ "item": 10, "requested_delivery": "2026-03-01" })),
            "items[0].requested_delivery",
        ),
        (
            item(json!({ "item": 10, "quantity": quantity("1000000000", "PC"),
            "rejection_reason": "10", "reopen": true })),
            "items[0].reopen",
        ),
    ];
    let before = shop.load(order).head.version;
    for (change, path) in cases {
        let Err(refused) = shop.change(order, change.clone()) else {
            panic!("{path} was taken: {change}");
        };
        names(refused, &[path]);
    }
    assert_eq!(shop.load(order).head.version, before);
    shop.verify();
}

#[test]
fn what_is_fulfilled_bounds_a_change_of_quantity_and_plant() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10)]);
    shop.ship(order);
    names(shop.set_quantity(order, 10, 9).unwrap_err(), &["items[0].quantity"]);
    let moved = shop.change_item(order, 10, json!({ "plant": "1100" })).unwrap_err();
    names(moved, &["items[0].plant"]);
    shop.verify();
}

#[test]
fn what_follows_a_document_refers_to_one_that_fits_and_to_no_more_than_is_left() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10)]);
    let reason = json!({ "order_reason": "200" });
    let refused = shop.follow_up("OR", order, json!([]), json!({})).unwrap_err();
    assert!(refused.detail.contains("is an order: an order refers to"), "{refused}");
    names(refused, &["header.reference"]);
    let refused = shop.follow_up("RE", order, json!([]), reason.clone()).unwrap_err();
    names(refused, &["header.reference"]);
    shop.ship(order);
    for (field, value) in
        [("sold_to", shop.partner("free").to_string()), ("sales_organisation", "1100".into())]
    {
        let mut header = reason.clone();
        header[field] = json!(value);
        let refused = shop.follow_up("RE", order, json!([]), header).unwrap_err();
        names(refused, &[&format!("header.{field}")]);
    }
    let mut header = reason.clone();
    header["distribution_channel"] = json!("20");
    let refused = shop.follow_up("DR", order, json!([]), header).unwrap_err();
    names(refused, &["header.distribution_channel"]);
    let part = |count: &str| json!({ "reference_item": 10, "quantity": quantity(count, "PC") });
    for document_type in ["RE", "CR"] {
        let items = json!([part("11")]);
        let refused = shop.follow_up(document_type, order, items, reason.clone()).unwrap_err();
        assert_eq!(refused.code, "sales.nothing_left");
        names(refused, &["items[0].quantity"]);
    }
    let items = json!([part("6"), { "reference_item": 10 }]);
    let refused = shop.follow_up("RE", order, items, reason.clone()).unwrap_err();
    names(refused, &["items[1].reference_item"]);
    let returned = shop.follow_up("RE", order, json!([part("6")]), reason.clone()).unwrap();
    names(shop.set_quantity(returned, 10, 11).unwrap_err(), &["items[0].quantity"]);
    let payer = json!({ "order_reason": "200", "payer": shop.partner("free").to_string() });
    shop.follow_up("RE", order, json!([]), payer).unwrap();
    shop.verify();
}

fn record(shop: &Shop) -> Value {
    json!({
        "key": { "condition_type": "PR00", "condition_table": "A305" },
        "key_fields": [
            { "field": "sales_organisation", "value": "1000" },
            { "field": "distribution_channel", "value": "10" },
            { "field": "customer", "value": shop.partner("acme").to_string() },
            { "field": "product", "value": shop.product_id("bolt").to_string() },
        ],
        "rates": [{ "valid": { "from": "2020-01-01", "to": "9999-12-31" }, "rate": "10",
            "currency": "EUR", "per": quantity("1", "PC"), "scale": 1, "scale_unit": "PC",
            "lower_limit": "5", "upper_limit": "20" }],
        "scales": [{ "scale": 1, "line": 1, "threshold": "10", "rate": "9" }],
    })
}

#[test]
fn a_condition_record_is_refused_at_the_field_that_is_wrong() {
    let shop = Shop::new();
    let body = record(&shop);
    let cases: Vec<(&str, Value, &[&str])> = vec![
        ("/rates/0/valid/from", json!("0001-01-01"), &["rates[0].valid"]),
        ("/rates/0/per/unit", json!("ZZZ"), &["rates[0].per.unit"]),
        ("/rates/0/per/unit", json!("KG"), &["rates[0].per.unit"]),
        ("/rates/0/scale_unit", json!("ZZZ"), &["rates[0].scale_unit"]),
        ("/rates/0/scale_unit", json!("KG"), &["rates[0].scale_unit"]),
        ("/rates/0/per/value", json!("0.5"), &["rates[0].per"]),
        ("/rates/0/lower_limit", json!("-5"), &["rates[0].lower_limit"]),
        ("/rates/0/lower_limit", json!("11"), &["rates[0].rate", "rates[0].lower_limit"]),
        ("/rates/0/upper_limit", json!("9"), &["rates[0].rate", "rates[0].upper_limit"]),
        ("/rates/0/upper_limit", json!("-1"), &["rates[0].upper_limit"]),
        ("/scales/0/rate", json!("-1"), &["scales[0].rate"]),
    ];
    for (pointer, value, paths) in cases {
        let Err(refused) = shop.create("condition_record", with(&body, pointer, value)) else {
            panic!("{pointer} was taken");
        };
        let found = refused.fields.iter().map(|field| field.path.as_str());
        let mut found: Vec<&str> = found.filter(|path| paths.contains(path)).collect();
        found.dedup();
        assert_eq!(found, paths, "{refused}");
    }
    let discount = json!({
        "key": { "condition_type": "K007", "condition_table": "A307" },
        "key_fields": [
            { "field": "sales_organisation", "value": "1000" },
            { "field": "distribution_channel", "value": "10" },
            { "field": "customer", "value": shop.partner("acme").to_string() },
        ],
        "rates": [{ "valid": { "from": "2020-01-01", "to": "9999-12-31" }, "rate": "100.5" }],
    });
    names(shop.create("condition_record", discount).unwrap_err(), &["rates[0].rate"]);
    shop.create("condition_record", body.clone()).unwrap();
    names(shop.create("condition_record", body).unwrap_err(), &["key_fields"]);
}

#[test]
fn a_key_field_of_a_condition_record_has_a_code_that_customizing_has() {
    let shop = Shop::new();
    let area = [("sales_organisation", "1000"), ("distribution_channel", "10")];
    let with_area = |field| [area[0], area[1], field].to_vec();
    let countries = [("departure_country", "DE"), ("ship_to_country", "DE")];
    let taxes = |customer, product| {
        let classes = [("customer_tax_class", customer), ("product_tax_class", product)];
        [&countries[..], &classes].concat()
    };
    let cases = [
        ("K020", "A020", with_area(("price_group", "ZZ")), 2),
        ("K004", "A029", with_area(("product_group", "ZZ")), 2),
        ("MWST", "A002", taxes("ZZ", "full"), 2),
        ("MWST", "A002", taxes("full", "ZZ"), 3),
    ];
    for (condition_type, table, fields, position) in cases {
        let fields = fields.iter().map(|(field, value)| json!({ "field": field, "value": value }));
        let body = json!({
            "key": { "condition_type": condition_type, "condition_table": table },
            "key_fields": fields.collect::<Vec<_>>(),
            "rates": [{ "valid": { "from": "2020-01-01", "to": "9999-12-31" }, "rate": "1" }],
        });
        let refused = shop.create("condition_record", body).unwrap_err();
        names(refused, &[&format!("key_fields[{position}].value")]);
    }
}

#[test]
fn a_partner_or_product_is_refused_at_the_field_that_is_wrong() {
    let shop = Shop::new();
    let partner = shop.partner("acme");
    let company = |account: &str| json!({ "companies": [{ "company_code": "1000", "reconciliation_account": account }] });
    let refused = shop.change(partner, company("113100")).unwrap_err();
    assert!(refused.detail.contains("allowed are: 140000, 141000"), "{refused}");
    names(refused, &["companies[0].reconciliation_account"]);
    shop.change(partner, company("141000")).unwrap();
    let bank = |country: &str| json!({ "banks": [{ "number": 1, "country": country, "iban": "DE89370400440532013000" }] });
    names(shop.change(partner, bank("FR")).unwrap_err(), &["banks[0].iban"]);
    shop.change(partner, bank("DE")).unwrap();
    for weight in ["gross_weight", "net_weight"] {
        let mut general = json!({ "gross_weight": null, "net_weight": null });
        general[weight] = quantity("1", "PC");
        let refused = shop.change(shop.product_id("bolt"), json!({ "general": general }));
        names(refused.unwrap_err(), &[&format!("general.{weight}")]);
    }
    let pair = json!({ "pair": { "from_currency": "USD", "to_currency": "EUR" }, "rates": [] });
    names(shop.create("exchange_rate", pair).unwrap_err(), &["pair"]);
}

#[test]
fn what_was_free_of_charge_comes_back_free_of_charge() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let item = |category: &str| {
        json!({ "product": shop.product_id("bolt").to_string(), "quantity": quantity("2", "PC"),
            "item_category": category })
    };
    let items = json!([item("TAN"), item("TANN")]);
    let order = shop.document("OR", "acme", items, json!({})).unwrap();
    let delivery = shop.ship(order);
    shop.invoice(delivery);
    let reason = json!({ "order_reason": "200" });
    let priced = json!([{ "reference_item": 20, "item_category": "REN" }]);
    let refused = shop.follow_up("RE", order, priced, reason.clone()).unwrap_err();
    names(refused, &["items[0].item_category"]);
    let returned = shop.follow_up("RE", order, json!([]), reason.clone()).unwrap();
    let document = shop.load(returned);
    let categories: Vec<&str> =
        document.items.iter().map(|item| item.item_category.as_str()).collect();
    assert_eq!(categories, ["REN", "RENN"]);
    assert_eq!(document.header.net_value.to_string(), "20.00 EUR");
    let back = shop.ship(returned);
    assert_eq!(shop.on_hand("bolt"), 10);
    assert_eq!(shop.totals(shop.invoice(back)).0, 2_000);
    let charge = shop.follow_up("DR", order, json!([]), reason).unwrap();
    assert_eq!(shop.load(charge).items.len(), 1);
    shop.verify();
}
