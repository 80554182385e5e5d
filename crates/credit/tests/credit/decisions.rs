use serde_json::{Value, json};
use tessera_credit::{
    CreditError, Decision, Exposure, Refusal, RefusalReason, check_overdue, check_total,
    clear_invoices, commit_change, commit_order, commit_released, delivery_to_invoice,
    order_to_delivery, shift,
};
use tessera_kernel::{Actor, Currency, Money, Problem, Ref, Source, Tx};
use tessera_partner::{BusinessPartner, PartnerCredit};

use crate::fixture::{AREA, Fixture, euro, terms};

fn order(fixture: &Fixture, payer: Ref<BusinessPartner>, amount: i64) -> Decision {
    fixture.run(move |tx| commit_order(tx, AREA, payer, euro(amount))).unwrap()
}

fn reason(decision: Decision) -> Option<RefusalReason> {
    match decision {
        Decision::Approved => None,
        Decision::Refused(refusal) => Some(refusal.reason),
    }
}

#[test]
fn orders_deliveries_and_invoices_together_stay_within_the_limit() {
    let fixture = Fixture::new();
    let payer = fixture.payer(&[terms(Some(100), "LOW")]);
    assert_eq!(order(&fixture, payer, 60), Decision::Approved);
    let chain = move |tx: &mut Tx<'_>| {
        order_to_delivery(tx, AREA, payer, euro(60))?;
        delivery_to_invoice(tx, AREA, payer, euro(40), euro(45))
    };
    fixture.run(chain).unwrap();
    let refused = order(&fixture, payer, 36);
    let refusal = Refusal {
        reason: RefusalReason::LimitExceeded,
        limit: Some(euro(100)),
        exposure: euro(65),
        requested: euro(36),
    };
    assert_eq!(refused, Decision::Refused(refusal));
    assert_eq!(
        refusal.to_string(),
        "65.00 EUR is open, with 36.00 EUR more the limit 100.00 EUR is exceeded"
    );
    assert_eq!(order(&fixture, payer, 35), Decision::Approved);
    let standing = fixture.standing(payer);
    assert_eq!(standing.available, Some(euro(0)));
    let parts = Exposure { orders: euro(35), deliveries: euro(20), invoices: euro(45) };
    assert_eq!(standing.exposure, parts);
    fixture.run(move |tx| clear_invoices(tx, AREA, payer, euro(45))).unwrap();
    assert_eq!(order(&fixture, payer, 45), Decision::Approved);
    assert_eq!(fixture.verify(&[(payer, [8_000, 2_000, 0])].into()), [""; 0]);
    assert_eq!(fixture.verify(&[(payer, [8_000, 0, 0])].into()).len(), 1);
    assert_eq!(fixture.verify(&[].into()).len(), 2);
}

#[test]
fn without_terms_or_limit_nothing_is_limited_but_the_exposure_is_kept() {
    let fixture = Fixture::new();
    for credit in [vec![], vec![terms(None, "LOW")], vec![terms(Some(1), "NONE")]] {
        let payer = fixture.payer(&credit);
        assert_eq!(order(&fixture, payer, 1_000_000), Decision::Approved);
        assert_eq!(fixture.standing(payer).exposure, Exposure::orders(euro(1_000_000)));
    }
}

#[test]
fn a_blocked_payer_is_refused_until_somebody_releases_the_order() {
    let fixture = Fixture::new();
    let payer = fixture.payer(&[PartnerCredit { blocked: true, ..terms(None, "NONE") }]);
    assert_eq!(reason(order(&fixture, payer, 1)), Some(RefusalReason::Blocked));
    assert_eq!(fixture.standing(payer).exposure, Exposure::zero(Currency::EUR));
    fixture.run(move |tx| commit_released(tx, AREA, payer, euro(1))).unwrap();
    assert_eq!(order(&fixture, payer, -1), Decision::Approved, "giving back is never refused");
    let total = fixture.run(move |tx| check_total(tx, AREA, payer)).unwrap();
    assert_eq!(reason(total), Some(RefusalReason::Blocked));
}

#[test]
fn a_document_is_not_worth_more_than_the_risk_category_allows() {
    let fixture = Fixture::new();
    let payer = fixture.payer(&[terms(None, "HIGH")]);
    assert_eq!(reason(order(&fixture, payer, 10_001)), Some(RefusalReason::DocumentValue));
    assert_eq!(order(&fixture, payer, 9_000), Decision::Approved);
    let grow = move |tx: &mut Tx<'_>| commit_change(tx, AREA, payer, euro(10_500), euro(1_500));
    assert_eq!(reason(fixture.run(grow).unwrap()), Some(RefusalReason::DocumentValue));
    assert_eq!(fixture.standing(payer).exposure, Exposure::orders(euro(9_000)));
}

#[test]
fn a_delivery_is_checked_again_only_where_the_risk_category_says_so() {
    let fixture = Fixture::new();
    for (category, expected) in [("LOW", None), ("MEDIUM", Some(RefusalReason::LimitExceeded))] {
        let payer = fixture.payer(&[terms(Some(100), category)]);
        assert_eq!(order(&fixture, payer, 100), Decision::Approved);
        let total = move |tx: &mut Tx<'_>| check_total(tx, AREA, payer);
        assert_eq!(fixture.run(total).unwrap(), Decision::Approved);
        fixture.set_terms(payer, &terms(Some(99), category));
        assert_eq!(reason(fixture.run(total).unwrap()), expected);
    }
}

#[test]
fn an_item_that_is_overdue_for_too_long_is_refused() {
    let fixture = Fixture::new();
    let payer = fixture.payer(&[terms(None, "HIGH")]);
    for (days, expected) in [(30, None), (31, Some(RefusalReason::Overdue))] {
        let decision = fixture.run(move |tx| check_overdue(tx, AREA, payer, days)).unwrap();
        assert_eq!(reason(decision), expected);
    }
}

#[test]
fn amounts_and_limits_in_another_currency_are_refused() {
    let fixture = Fixture::new();
    let payer = fixture.payer(&[terms(None, "LOW")]);
    let dollars = Money::from_minor(100, Currency::USD);
    let commit = move |tx: &mut Tx<'_>| commit_order(tx, AREA, payer, dollars);
    assert!(matches!(fixture.run(commit), Err(CreditError::Currency { .. })));
    let changes = Exposure { invoices: dollars, ..Exposure::orders(euro(1)) };
    let change = move |tx: &mut Tx<'_>| shift(tx, AREA, payer, changes);
    assert!(matches!(fixture.run(change), Err(CreditError::Currency { .. })));
    assert_eq!(fixture.verify(&[].into()), [""; 0]);
    fixture.set_terms(payer, &PartnerCredit { limit: Some(dollars), ..terms(None, "LOW") });
    let error = fixture.run(move |tx| commit_order(tx, AREA, payer, euro(1))).unwrap_err();
    assert!(error.to_string().contains("correct the limit"), "{error}");
}

#[test]
fn the_api_shows_where_a_partner_stands() {
    let fixture = Fixture::new();
    let payer = fixture.payer(&[terms(Some(100), "LOW")]);
    order(&fixture, payer, 60);
    let registry = &fixture.database.environment().registry;
    let action = *registry.action("business_partner", "credit_exposure").unwrap();
    let actor = Actor::system(Source::System);
    let ask = |area: &str| -> Result<Value, Problem> {
        let body = json!({ "credit_control_area": area });
        fixture.database.read(&actor, |tx| (action.run)(tx, payer.id(), &body))
    };
    let shown = ask("1000").unwrap();
    assert_eq!((&shown["total"], &shown["available"]), (&json!("60.00"), &json!("40.00")));
    assert_eq!(ask("9999").unwrap_err().fields[0].path, "credit_control_area");
}
