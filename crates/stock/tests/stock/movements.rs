use tessera_kernel::{Cell, Code, Money, Object, Problem, Query};
use tessera_stock::AvailabilityPolicy::Proposal;
use tessera_stock::{
    GoodsMovement, MovementDraft, MovementLine, StockError, post_movement, reverse_movement,
};

use crate::fixture::{
    FOREIGN_PLANT, Fixture, LOCATION, OTHER_PLANT, PLANT, SHELF, code, may, pieces,
};

#[test]
fn a_movement_changes_the_stock_and_is_valued_at_standard_price() {
    let fixture = Fixture::new();
    let line = fixture.line(10);
    let (items, number) = fixture
        .run(move |tx| {
            let stored = post_movement(tx, MovementDraft::new(code("101"), may(1), vec![line]))?;
            Ok((stored.items.clone(), stored.number()))
        })
        .unwrap();
    assert_eq!(number, "000001");
    assert_eq!(items[0].value, Money::from_minor(2_500, tessera_kernel::Currency::EUR));
    assert_eq!(items[0].storage_location, LOCATION);
    assert_eq!(fixture.on_hand(PLANT), pieces(10));
    assert_eq!(fixture.verify(&[].into()), [""; 0]);
}

#[test]
fn nothing_is_issued_that_is_not_there() {
    let fixture = Fixture::new();
    fixture.post("561", fixture.line(3)).unwrap();
    let error = fixture.post("601", fixture.line(4)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1000-0001 of plant 1000 has 3 PC of product SCREW, 4 PC is wanted: post a receipt \
         first, take less, or take it from another storage location"
    );
    assert_eq!(Problem::from(error).code, "stock.not_enough");
    let (first, second) = (fixture.line(2), fixture.line(2));
    let both = fixture.run(move |tx| {
        let draft = MovementDraft::new(code("601"), may(1), vec![first, second]);
        post_movement(tx, draft).map(drop)
    });
    assert!(both.is_err(), "a movement is posted as a whole or not at all");
    assert_eq!(fixture.on_hand(PLANT), pieces(3));
}

#[test]
fn an_issue_uses_up_its_reservation_and_its_reversal_brings_it_back() {
    let fixture = Fixture::new();
    fixture.post("561", fixture.line(10)).unwrap();
    fixture.reserve(4, 3, Proposal).unwrap();
    let line = MovementLine { reservation_date: Some(may(3)), ..fixture.line(4) };
    let issue = fixture.post("601", line).unwrap();
    assert_eq!((fixture.on_hand(PLANT), fixture.verify(&[].into()).len()), (pieces(6), 0));
    let again = fixture.post("601", line).map_err(StockError::without_item);
    assert!(matches!(again, Err(StockError::NotReserved { .. })));
    let reversal = fixture.run(move |tx| Ok(reverse_movement(tx, issue, may(2))?.id())).unwrap();
    assert_eq!(fixture.on_hand(PLANT), pieces(10));
    assert_eq!(fixture.verify(&[(may(3), 4)].into()), [""; 0]);
    let again = fixture.run(move |tx| reverse_movement(tx, issue, may(2)).map(drop));
    assert!(again.unwrap_err().to_string().contains("was reversed already, by 000003"));
    let back = fixture.run(move |tx| reverse_movement(tx, reversal, may(2)).map(drop));
    assert!(matches!(back, Err(StockError::NotReversible { .. })));
    let original: GoodsMovement = fixture.run(move |tx| Ok(tx.load(issue)?.value)).unwrap();
    assert_eq!(original.header.reversed_by, Some(reversal));
}

#[test]
fn a_transfer_gives_and_gets_and_is_reversed_the_other_way() {
    let fixture = Fixture::new();
    fixture.post("561", fixture.line(10)).unwrap();
    let to_shelf = MovementLine { to_storage_location: Some(SHELF), ..fixture.line(4) };
    fixture.post("311", to_shelf).unwrap();
    assert_eq!(fixture.on_hand(PLANT), pieces(10));
    let over = MovementLine { to_plant: Some(OTHER_PLANT), ..fixture.line(6) };
    let transfer = fixture.post("301", over).unwrap();
    assert_eq!(fixture.on_hand(OTHER_PLANT), pieces(6));
    assert!(fixture.post("601", fixture.line(1)).is_err(), "only the shelf has some left");
    let values = |id| {
        let movement: GoodsMovement = fixture.run(move |tx| Ok(tx.load(id)?.value)).unwrap();
        let item = &movement.items[0];
        (item.value.minor(), item.to_value.map(|value| value.minor()))
    };
    assert_eq!(values(transfer), (1_500, Some(1_800)), "each plant at its own standard price");
    let back = fixture.run(move |tx| Ok(reverse_movement(tx, transfer, may(2))?.id())).unwrap();
    assert_eq!(values(back), (1_800, Some(1_500)));
    assert_eq!((fixture.on_hand(PLANT), fixture.on_hand(OTHER_PLANT)), (pieces(10), pieces(0)));
    assert_eq!(fixture.verify(&[].into()), [""; 0]);
}

#[test]
fn a_transfer_does_not_give_goods_to_another_company() {
    let fixture = Fixture::new();
    fixture.post("561", fixture.line(10)).unwrap();
    let abroad = MovementLine { to_plant: Some(FOREIGN_PLANT), ..fixture.line(6) };
    let problem = Problem::from(fixture.post("301", abroad).unwrap_err());
    assert_eq!(problem.code, "stock.other_company");
    assert_eq!(problem.fields[0].path, "items[0].to_plant");
    assert!(problem.detail.contains("belongs to company 1000"), "{problem}");
    assert_eq!(fixture.on_hand(PLANT), pieces(10));
    assert_eq!(fixture.verify(&[].into()), [""; 0]);
}

#[test]
fn a_movement_is_of_one_company_and_listed_by_its_plant() {
    let fixture = Fixture::new();
    let draft = |plants: [Code; 2]| {
        let lines = plants.map(|plant| MovementLine { plant, ..fixture.line(3) });
        MovementDraft::new(code("561"), may(2), lines.to_vec())
    };
    let mixed = draft([PLANT, FOREIGN_PLANT]);
    let refused = fixture.run(move |tx| post_movement(tx, mixed.clone()).map(drop)).unwrap_err();
    let problem = Problem::from(refused);
    assert_eq!(problem.code, "stock.two_companies");
    assert_eq!(problem.fields[0].path, "items[1].plant");
    let both = draft([OTHER_PLANT, PLANT]);
    fixture.run(move |tx| post_movement(tx, both.clone()).map(drop)).unwrap();
    fixture.post("561", fixture.line(1)).unwrap();
    let def = GoodsMovement::def();
    let column = def.place("plant").unwrap();
    let page = fixture.run(move |tx| Ok(tx.list(def, &Query::default())?)).unwrap();
    let plants = page.rows.iter().map(|row| row[column].clone());
    let expected = [PLANT, OTHER_PLANT].map(|plant| Cell::Text(plant.to_string()));
    assert_eq!(plants.collect::<Vec<_>>(), expected);
}

#[test]
fn places_that_do_not_fit_are_refused_with_the_field() {
    let fixture = Fixture::new();
    let refused = |movement_type, line| {
        let problem = Problem::from(fixture.post(movement_type, line).unwrap_err());
        problem.fields.first().map(|field| field.path.clone())
    };
    let path = |text: &str| Some(text.to_string());
    let line = fixture.line(1);
    assert_eq!(refused("999", line), path("movement_type"));
    let wrong = MovementLine { plant: code("2000"), ..line };
    assert_eq!(refused("561", wrong), path("items[0].plant"));
    let wrong = MovementLine { storage_location: Some(code("1100-0001")), ..line };
    assert_eq!(refused("561", wrong), path("items[0].storage_location"));
    assert_eq!(refused("311", line), path("items[0].to_storage_location"));
    let wrong = MovementLine { to_plant: Some(OTHER_PLANT), ..line };
    assert_eq!(refused("561", wrong), path("items[0].to_plant"));
}
