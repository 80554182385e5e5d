use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use tessera_kernel::{
    AccessDraft, Checked, Code, Currency, Date, FieldRule, Grant, Module, Money, Object,
    ObjectEntry, ObjectId, Pattern, Places, Segment, Source,
};
use uuid::Uuid;

use super::*;

/// What a letter says.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "letter_header", one)]
struct LetterHeader {
    /// Text.
    #[field(max = 80)]
    text: String,
    /// Who wrote it.
    #[field(max = 80)]
    writer: String,
    /// Whose letter it is.
    #[field(code = "company_code", list)]
    company_code: Code,
}

/// Something that belongs to users and teams.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "letter", owned)]
struct Letter {
    /// What it says.
    header: LetterHeader,
}

impl Checked for Letter {
    fn check(&self, _tx: &mut Tx<'_>) -> Result<(), Problem> {
        Ok(())
    }
}

fn registry() -> Registry {
    let letters = Module {
        name: "letters",
        owner: "platform",
        help: "Letters.",
        objects: vec![ObjectEntry::master_data::<Letter>()],
        ..Module::default()
    };
    Registry::new(vec![crate::module(), letters])
}

fn id(number: u8) -> ObjectId {
    ObjectId(Uuid::from_u128(number.into()))
}

fn owners(ids: &[u8]) -> Rows {
    Rows::Owners(ids.iter().map(|number| id(*number)).collect())
}

fn teams(ids: &[u8]) -> Rows {
    Rows::Teams(ids.iter().map(|number| id(*number)).collect())
}

fn companies(codes: &[u8]) -> Rows {
    let company_codes = codes.iter().map(u8::to_string).collect();
    Rows::Places(Arc::new(Places { company_codes, ..Places::default() }))
}

fn grant(role: &str, right: (&str, &str), allow: bool, rows: Vec<Rows>) -> Grant {
    let (object, action) = (Pattern::of(right.0), Pattern::of(right.1));
    Grant { role: role.into(), line: 1, object, action, allow, rows }
}

fn allow(right: (&str, &str), rows: Vec<Rows>) -> Grant {
    grant("clerk", right, true, rows)
}

fn limit(right: (&str, &str), amount: i64) -> Limit {
    let amount = Some(Money::from_minor(amount, Currency::parse("EUR").unwrap()));
    let (object, action) = (Pattern::of(right.0), Pattern::of(right.1));
    Limit { role: "clerk".into(), line: 1, object, action, amount, discount: None }
}

fn rule(field: &str, visibility: tessera_kernel::Visibility) -> FieldRule {
    let (object, field) = (Pattern::of("letter"), Some(field.into()));
    FieldRule { role: "clerk".into(), line: 1, object, part: "header".into(), field, visibility }
}

fn with(draft: AccessDraft) -> Actor {
    let access = Access::new(id(9), (0, Date::MIN), draft);
    Actor::with_access("somebody", Source::Session, Arc::new(access))
}

fn granted(grants: Vec<Grant>) -> Actor {
    with(AccessDraft { grants, ..AccessDraft::default() })
}

fn lacks(holders: &[&Actor], gets: &Actor) -> Vec<String> {
    let found = missing((&registry(), &|def| def), holders, gets);
    found.iter().map(Missing::to_string).collect()
}

fn covers(holder: &Actor, gets: &Actor) -> bool {
    lacks(&[holder], gets).is_empty()
}

const READ: (&str, &str) = ("letter", "read");

#[test]
fn a_missing_right_is_named_with_the_role_that_gives_it() {
    let gets = granted(vec![grant("boss", ("letter", "delete"), true, vec![])]);
    let found = lacks(&[&granted(vec![allow(READ, vec![])])], &gets);
    assert_eq!(found, ["you do not hold letter:delete, which role boss gives"]);
}

#[test]
fn everything_is_covered_by_everything_only_and_not_by_all_that_there_is_today() {
    let all = allow(("*", "*"), vec![]);
    let each: Vec<Grant> = ["letter", "role", "team", "business_line"]
        .iter()
        .map(|object| allow((object, "*"), vec![]))
        .collect();
    assert!(covers(&granted(vec![all.clone()]), &granted(each.clone())));
    let found = lacks(&[&granted(each)], &granted(vec![all]));
    assert_eq!(found[0], "you do not hold *:*, which role clerk gives");
}

#[test]
fn rows_are_covered_by_more_of_the_same_kind_and_by_all() {
    let mine = granted(vec![allow(READ, vec![teams(&[1])])]);
    for wider in [vec![], vec![teams(&[1, 2])]] {
        assert!(covers(&granted(vec![allow(READ, wider.clone())]), &mine), "{wider:?}");
    }
    for other in [vec![teams(&[2])], vec![owners(&[1])], vec![teams(&[1]), companies(&[1])]] {
        assert!(!covers(&granted(vec![allow(READ, other.clone())]), &mine), "{other:?}");
    }
    let nothing = granted(vec![allow(READ, vec![teams(&[])])]);
    assert!(covers(&granted(vec![]), &nothing));
}

#[test]
fn what_is_denied_to_the_giver_must_be_denied_to_the_receiver_too() {
    let deny = |rows: Vec<Rows>| grant("clerk", READ, false, rows);
    let all = allow(READ, vec![]);
    let most = granted(vec![all.clone(), deny(vec![teams(&[1])])]);
    assert!(!covers(&most, &granted(vec![all.clone()])));
    assert!(covers(&most, &granted(vec![allow(READ, vec![teams(&[2])])])));
    assert!(covers(&most, &granted(vec![all, deny(vec![teams(&[1, 2])])])));
}

#[test]
fn a_limit_is_covered_by_a_higher_one_of_its_currency() {
    let up_to = |amount: Option<i64>| {
        let limits = amount.map(|amount| limit(READ, amount)).into_iter().collect();
        let grants = vec![allow(READ, vec![])];
        with(AccessDraft { grants, limits, ..AccessDraft::default() })
    };
    assert!(covers(&up_to(Some(2)), &up_to(Some(1))) && covers(&up_to(None), &up_to(Some(1))));
    assert!(!covers(&up_to(Some(1)), &up_to(Some(2))));
    let found = lacks(&[&up_to(Some(1))], &up_to(None));
    assert_eq!(found, ["you hold letter:read up to less than role clerk gives"]);
}

#[test]
fn what_is_withheld_from_the_giver_is_withheld_from_the_receiver() {
    use tessera_kernel::Visibility::{Hidden, Masked, ReadOnly};
    let seen = |rules: &[tessera_kernel::Visibility]| {
        let fields = rules.iter().map(|visibility| rule("text", *visibility)).collect();
        let grants = vec![allow(READ, vec![])];
        with(AccessDraft { grants, fields, ..AccessDraft::default() })
    };
    assert!(covers(&seen(&[ReadOnly]), &seen(&[Masked])));
    let found = lacks(&[&seen(&[Hidden])], &seen(&[Masked]));
    assert!(found[0].starts_with("header.text of letter is withheld from you"), "{found:?}");
    assert!(!covers(&seen(&[ReadOnly]), &seen(&[])));
}

#[test]
fn a_credential_gives_no_more_than_its_scope() {
    let within = |actor: Actor| actor.within([(Pattern::Every, Pattern::of("read"))]);
    let all = granted(vec![allow(("*", "*"), vec![])]);
    assert!(!covers(&within(all.clone()), &all));
    assert!(covers(&within(all.clone()), &within(all.clone())));
    assert!(covers(&Actor::system(Source::CommandLine), &all));
    assert!(!covers(&within(Actor::system(Source::CommandLine)), &all));
}

#[test]
fn each_right_is_covered_by_one_holder_alone() {
    use tessera_kernel::Visibility::Hidden;
    let covered = |grants: Vec<Grant>, rules: Vec<FieldRule>| {
        with(AccessDraft { grants, fields: rules, ..AccessDraft::default() })
    };
    let has = covered(vec![allow(READ, vec![])], vec![rule("text", Hidden)]);
    let giver = granted(vec![allow(READ, vec![owners(&[1])])]);
    // One may read all of some letters, the other some of all: nobody all of all.
    let gets = granted(vec![allow(READ, vec![])]);
    assert!(!lacks(&[&giver, &has], &gets).is_empty());
    assert!(lacks(&[&giver, &has], &has).is_empty());
}

#[test]
fn to_hand_out_more_counts_only_where_it_reaches_everything() {
    let right = (Role::NAME, ESCALATE);
    assert!(may_escalate(&granted(vec![allow(("*", "*"), vec![])])));
    assert!(may_escalate(&granted(vec![allow(right, vec![])])));
    assert!(!may_escalate(&granted(vec![allow(("*", "*"), vec![companies(&[1])])])));
    let denied = vec![allow(("*", "*"), vec![]), grant("clerk", right, false, vec![])];
    assert!(!may_escalate(&granted(denied)));
    let read = (Pattern::Every, Pattern::of("read"));
    assert!(!may_escalate(&Actor::system(Source::CommandLine).within([read])));
    assert!(may_escalate(&Actor::system(Source::CommandLine)));
    // Nobody gets it from who has it for a line.
    let line = granted(vec![allow(("*", "*"), vec![companies(&[1])])]);
    assert!(!covers(&line, &granted(vec![allow(right, vec![])])));
}

fn some_rows() -> impl Strategy<Value = Vec<Rows>> {
    let subset = || proptest::sample::subsequence(vec![1_u8, 2], 0..=2);
    let one = prop_oneof![
        1 => Just(Rows::Nothing),
        3 => subset().prop_map(|ids| owners(&ids)),
        3 => subset().prop_map(|ids| teams(&ids)),
        3 => subset().prop_map(|ids| companies(&ids)),
    ];
    prop_oneof![2 => Just(Vec::new()), 3 => proptest::collection::vec(one, 1..=2)]
}

fn some_right() -> impl Strategy<Value = (&'static str, &'static str)> {
    let object = prop_oneof![4 => Just("letter"), 1 => Just("team"), 1 => Just("*")];
    let action = prop_oneof![3 => Just("read"), 2 => Just("change"), 1 => Just("*")];
    (object, action)
}

fn some_grant() -> impl Strategy<Value = Grant> {
    (some_right(), 0..4_u8, some_rows(), prop_oneof!["clerk", "boss"])
        .prop_map(|(right, chance, rows, role)| grant(&role, right, chance > 0, rows))
}

fn some_draft() -> impl Strategy<Value = AccessDraft> {
    let visibility = prop_oneof![
        Just(tessera_kernel::Visibility::ReadOnly),
        Just(tessera_kernel::Visibility::Masked),
        Just(tessera_kernel::Visibility::Hidden)
    ];
    let fields = (prop_oneof!["text", "writer"], visibility);
    let fields = fields.prop_map(|(field, visibility)| rule(&field, visibility));
    let limits = (some_right(), 1..4_i64).prop_map(|(right, amount)| limit(right, amount));
    (
        proptest::collection::vec(some_grant(), 0..5),
        proptest::collection::vec(fields, 0..2),
        proptest::collection::vec(limits, 0..2),
    )
        .prop_map(|(grants, fields, limits)| AccessDraft {
            grants,
            fields,
            limits,
            ..AccessDraft::default()
        })
}

/// The same with less of some things: one that is often covered.
fn less(draft: AccessDraft) -> impl Strategy<Value = AccessDraft> {
    (Just(draft), any::<u8>(), some_grant(), some_rows()).prop_map(
        |(mut draft, how, extra, rows)| {
            if how & 1 > 0 {
                draft.grants.push(Grant { allow: false, ..extra });
            }
            if how & 2 > 0 && !draft.grants.is_empty() {
                let at = usize::from(how) % draft.grants.len();
                if draft.grants[at].allow {
                    draft.grants[at].rows.extend(rows);
                }
            }
            if how & 4 > 0 {
                draft.fields.push(rule("text", tessera_kernel::Visibility::Masked));
            }
            if how & 8 > 0 {
                draft.grants.retain(|grant| !grant.allow || grant.role.len() != 4);
            }
            draft
        },
    )
}

/// A letter as the model knows it: its user, its team, its company.
fn reaches(actor: &Actor, action: &str, letter: (u8, u8, u8)) -> bool {
    let is = |rows: &Rows| match rows {
        Rows::Owners(ids) => ids.contains(&id(letter.0)),
        Rows::Teams(ids) => ids.contains(&id(letter.1)),
        Rows::Places(places) => places.company_codes.contains(&letter.2.to_string()),
        _ => false,
    };
    let grants: Vec<&Grant> = actor.access().unwrap().grants("letter", action).collect();
    let about =
        |allow: bool| grants.iter().any(|grant| grant.allow == allow && grant.rows.iter().all(is));
    about(true) && !about(false)
}

/// Every right over every letter of a world of eight, and how far each goes.
fn can(actor: &Actor) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mask = actor.mask(Letter::def());
    for action in ["read", "change", "delete"] {
        for at in 0..8_u8 {
            let letter = (1 + at % 2, 1 + at / 2 % 2, 1 + at / 4);
            if !reaches(actor, action, letter) {
                continue;
            }
            for (field, withheld) in [("text", 0), ("writer", 0), ("text", 1), ("writer", 1)] {
                let seen = mask.as_ref().and_then(|mask| mask.of(0, field));
                let least = [None, Some(tessera_kernel::Visibility::ReadOnly)][withheld];
                if seen <= least {
                    found.insert(format!("{action} {letter:?} {field} {withheld}"));
                }
            }
            for amount in 1..5 {
                let amount = Money::from_minor(amount, Currency::parse("EUR").unwrap());
                if actor.require_amount("letter", action, amount).is_ok() {
                    found.insert(format!("{action} {letter:?} {amount}"));
                }
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, max_shrink_iters: 500, ..ProptestConfig::default() })]

    #[test]
    fn everybody_covers_themselves(draft in some_draft()) {
        prop_assert_eq!(lacks(&[&with(draft.clone())], &with(draft)), Vec::<String>::new());
    }

    #[test]
    fn whoever_covers_who_covers_somebody_covers_them_too(
        (most, more, least) in some_draft()
            .prop_flat_map(|most| (Just(most.clone()), less(most)))
            .prop_flat_map(|(most, more)| (Just(most), Just(more.clone()), less(more))),
        other in some_draft(),
    ) {
        let all = [most, more, least, other].map(with);
        for a in &all {
            for b in all.iter().filter(|b| covers(a, b)) {
                for c in all.iter().filter(|c| covers(b, c)) {
                    prop_assert!(covers(a, c), "{a:?}\n{b:?}\n{c:?}");
                }
            }
        }
    }

    #[test]
    fn one_more_grant_of_the_giver_never_ends_a_cover(
        (most, least) in some_draft().prop_flat_map(|most| (Just(most.clone()), less(most))),
        extra in some_grant(),
    ) {
        let (giver, gets) = (with(most.clone()), with(least));
        let mut more = most;
        more.grants.push(Grant { allow: true, ..extra });
        prop_assert!(!covers(&giver, &gets) || covers(&with(more), &gets));
    }

    /// Against a model that looks at each object.
    #[test]
    fn whoever_is_covered_can_do_nothing_that_the_giver_can_not(
        (most, least) in some_draft().prop_flat_map(|most| (Just(most.clone()), less(most))),
        other in some_draft(),
    ) {
        let all = [most, least, other].map(with);
        for giver in &all {
            for gets in all.iter().filter(|gets| covers(giver, gets)) {
                let (has, wants) = (can(giver), can(gets));
                prop_assert!(wants.is_subset(&has), "{:?}", wants.difference(&has).next());
            }
        }
    }
}
