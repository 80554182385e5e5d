//! Input refers to what exists; every finding has its path.

use serde_json::{Value, json};
use tessera_kernel::{ObjectId, Problem, ProblemKind};

use crate::sample::{code, loan, member};
use crate::town::Town;

fn create(town: &Town, body: Value) -> Result<ObjectId, Problem> {
    let entry = *town.database.environment().registry.object("member").unwrap();
    town.database.command(&crate::town::ada(), move |tx| (entry.create.unwrap())(tx, &body))
}

fn body() -> Value {
    json!({
        "general": { "name": "Grace", "card": "G-1", "branch": "north" },
        "duties": [{ "duty": "reader", "valid": { "from": "2024-01-01", "to": "2024-12-31" } }],
    })
}

fn findings(problem: Problem) -> Vec<(String, String)> {
    problem.fields.into_iter().map(|finding| (finding.path, finding.message)).collect()
}

#[test]
fn a_code_that_customizing_lacks_is_named_with_what_is_allowed() {
    let town = Town::new();
    let mut wrong = body();
    wrong["general"]["branch"] = "west".into();
    wrong["duties"][0]["duty"] = "writer".into();
    let problem = create(&town, wrong).unwrap_err();
    assert_eq!((problem.kind, problem.kind.status()), (ProblemKind::Invalid, 422));
    assert_eq!(
        findings(problem),
        [
            (
                "general.branch".to_string(),
                "west is no branch; allowed are: north, south".to_string()
            ),
            (
                "duties[0].duty".to_string(),
                "writer is no duty; allowed are: keeper, reader".to_string()
            ),
        ]
    );
}

#[test]
fn a_reference_to_nothing_is_named() {
    let town = Town::new();
    let id = town.member();
    let nowhere = tessera_kernel::Ref::new(ObjectId(uuid::Uuid::from_u128(7)));
    let refused = town.command(move |tx| tx.check_references(&loan(nowhere, "2024-06-01")));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "header.member: there is no member 00000000-0000-0000-0000-000000000007"
    );
    assert!(town.command(move |tx| tx.check_references(&loan(id, "2024-06-01"))).is_ok());
}

#[test]
fn positions_count_within_each_list() {
    let town = Town::new();
    let mut value = member("Grace", "G-1");
    let mut wrong = value.duties[0].clone();
    wrong.duty = code("writer");
    value.duties.push(wrong);
    let refused = town.command(move |tx| tx.check_references(&value)).unwrap_err();
    assert!(refused.to_string().starts_with("duties[1].duty: writer is no duty"), "{refused}");
}

#[test]
fn master_data_is_made_changed_and_deleted_by_segments() {
    let town = Town::new();
    let entry = *town.database.environment().registry.object("member").unwrap();
    let id = create(&town, body()).unwrap();
    let get = || -> Value {
        let read: Result<Value, Problem> =
            town.database.read(&crate::town::ada(), |tx| (entry.get)(tx, id));
        read.unwrap()
    };
    assert_eq!((&get()["number"], &get()["version"]), (&json!("M0001"), &json!(1)));
    let change = |version: Option<i64>, body: Value| -> Result<(), Problem> {
        town.database
            .command(&crate::town::ada(), move |tx| (entry.change.unwrap())(tx, id, version, &body))
    };
    change(Some(1), json!({ "general": { "branch": "south" }, "duties": [] })).unwrap();
    assert_eq!((&get()["general"]["branch"], &get()["duties"]), (&json!("south"), &json!([])));
    assert_eq!(get()["general"]["card"], "G-1");
    let refused = change(None, json!({ "general": { "branch": "west" } })).unwrap_err();
    assert_eq!(refused.fields[0].path, "general.branch");
    let refused = change(None, json!({ "general": { "card": "Grace" } })).unwrap_err();
    assert_eq!(refused.fields[0].message, "must differ from the name");
    let gone: Result<(), Problem> = town.database.command(&crate::town::ada(), move |tx| {
        (entry.delete.unwrap())(tx, id, Some(2), &Value::Null)
    });
    gone.unwrap();
    assert!(create(&town, body()).is_ok());
}

#[test]
fn a_number_from_outside_is_kept() {
    let town = Town::new();
    let mut numbered = body();
    numbered["number"] = "SKU-7".into();
    let id = create(&town, numbered).unwrap();
    assert_eq!(town.load(tessera_kernel::Ref::<crate::sample::Member>::new(id)).number(), "SKU-7");
}

#[test]
fn nobody_but_an_administrator_may() {
    let town = Town::new();
    let entry = *town.database.environment().registry.object("member").unwrap();
    let eve = tessera_kernel::Actor::user("eve", tessera_kernel::Source::Token, false);
    let refused: Result<ObjectId, Problem> =
        town.database.command(&eve, move |tx| (entry.create.unwrap())(tx, &body()));
    let problem = refused.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Forbidden);
    assert_eq!(problem.detail, "eve may not create member: ask an administrator");
}

#[test]
fn what_something_refers_to_is_not_deleted() {
    let town = Town::new();
    let entry = *town.database.environment().registry.object("member").unwrap();
    let (lent, free) = town
        .command(|tx| {
            let lent = tx.insert(member("Ada", "A-1"))?.id();
            tx.insert(loan(lent, "2024-06-01"))?;
            Ok::<_, tessera_kernel::Fault>((lent, tx.insert(member("Bob", "B-1"))?.id()))
        })
        .unwrap();
    let delete = |id: ObjectId| -> Result<(), Problem> {
        town.database.command(&crate::town::ada(), move |tx| {
            (entry.delete.unwrap())(tx, id, None, &Value::Null)
        })
    };
    let refused = delete(lent.id()).unwrap_err();
    assert_eq!((refused.kind, refused.code.as_str()), (ProblemKind::Conflict, "member.in_use"));
    assert_eq!(refused.detail, "this member can't be deleted: a loan refers to it");
    delete(free.id()).unwrap();
}
