//! What stands in the header of a document besides what is sold: who sells, texts, references.

use serde_json::{Value, json};
use tessera_sales::SalesDocument;

use crate::documents::Made;
use crate::shop::Shop;
use crate::world::code;

fn sold_by(shop: &Shop, seller: Value) -> Made<SalesDocument> {
    shop.document("OR", "acme", shop.items(&[("bolt", 1)]), seller)
}

#[test]
fn a_sales_office_sells_in_its_area_and_a_group_is_in_its_office() {
    let shop = Shop::new();
    let refused = |seller: Value| {
        let refused = sold_by(&shop, seller).unwrap_err();
        (refused.fields[0].path.clone(), refused.detail)
    };
    let (path, detail) = refused(json!({ "sales_office": "LONDON" }));
    assert_eq!(path, "header.sales_office");
    assert!(detail.contains("is not in sales area 1000-10-00; it has: BERLIN"), "{detail}");
    let (path, detail) = refused(json!({ "sales_office": "BERLIN", "sales_group": "LONDON-1" }));
    assert_eq!(path, "header.sales_group");
    assert!(detail.contains("it has: BERLIN-1, BERLIN-2"), "{detail}");
    assert_eq!(refused(json!({ "sales_group": "BERLIN-1" })).0, "header.sales_group");

    let seller = json!({ "sales_office": "BERLIN", "sales_group": "BERLIN-1" });
    let order = sold_by(&shop, seller).unwrap();
    let group = || shop.load(order).header.sales_group;
    assert_eq!(group(), Some(code("BERLIN-1")));
    shop.change(order, json!({ "sales_group": "BERLIN-2" })).unwrap();
    assert_eq!(group(), Some(code("BERLIN-2")));
    let refused = shop.change(order, json!({ "sales_office": "LONDON" })).unwrap_err();
    assert_eq!(refused.fields[0].path, "sales_office");
    shop.verify();
}

#[test]
fn who_sold_the_quotation_sells_the_order() {
    let shop = Shop::new();
    let seller = json!({ "sales_office": "BERLIN", "sales_group": "BERLIN-2" });
    let quotation = shop.document("QT", "acme", shop.items(&[("bolt", 1)]), seller).unwrap();
    let order = shop.follow_up("OR", quotation, json!([]), json!({})).unwrap();
    let header = shop.load(order).value.header;
    assert_eq!(header.sales_office, Some(code("BERLIN")));
    assert_eq!(header.sales_group, Some(code("BERLIN-2")));
    shop.verify();
}

#[test]
fn texts_are_set_changed_and_removed() {
    let shop = Shop::new();
    let order = shop.order("acme", &[("bolt", 1)]);
    let text = |language: &str, text: &str| {
        let text = json!({ "kind": "HEAD", "language": language, "text": text });
        shop.change(order, json!({ "texts": [text] }))
    };
    let texts = || -> Vec<String> {
        let texts = shop.load(order).value.texts;
        texts.iter().map(|text| format!("{} {}", text.language, text.text)).collect()
    };
    text("en", "Ring the bell").unwrap();
    text("de", "Bitte klingeln").unwrap();
    assert_eq!(texts().len(), 2);
    text("en", "Knock").unwrap();
    assert!(texts().contains(&"en Knock".to_string()), "{:?}", texts());
    text("en", "").unwrap();
    assert_eq!(texts(), ["de Bitte klingeln"]);
    let unknown = json!({ "texts": [{ "kind": "NONE", "language": "en", "text": "x" }] });
    assert_eq!(shop.change(order, unknown).unwrap_err().fields[0].path, "texts[0].kind");
    shop.verify();
}

#[test]
fn a_reference_is_a_sales_document() {
    let shop = Shop::new();
    shop.receive("bolt", 1);
    let invoice = shop.sell("acme", &[("bolt", 1)]);
    let header = json!({ "document_type": "CR", "reference": invoice.to_string(),
        "order_reason": "300" });
    let refused = shop.sales_document(json!({ "header": header, "items": [] })).unwrap_err();
    assert_eq!(refused.fields[0].path, "header.reference");
    assert!(refused.detail.contains("no sales document"), "{refused}");
    shop.verify();
}
