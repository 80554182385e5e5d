//! The writer's memory of master data is never behind the database.

use std::sync::Arc;

use proptest::prelude::*;
use tessera_kernel::{Fault, Ref, Tx};

use crate::sample::{Member, MemberGeneral, member};
use crate::town::{Town, undone};

fn shared_name(town: &Town, id: Ref<Member>) -> String {
    town.command(move |tx| Ok(tx.shared(id)?.general.name.clone())).unwrap()
}

fn by_card(town: &Town, card: &'static str) -> Option<Ref<Member>> {
    town.command(move |tx| tx.lookup::<Member>("card", card)).unwrap()
}

fn rename(tx: &mut Tx<'_>, id: Ref<Member>, name: &str, card: &str) -> Result<(), Fault> {
    let mut stored = tx.load(id)?;
    stored.general.name = name.into();
    stored.general.card = card.into();
    tx.save(&mut stored).map(drop)
}

#[test]
fn a_shared_object_is_kept_between_commands() {
    let town = Town::new();
    let id = town.member();
    let first = town.command(move |tx| tx.shared(id)).unwrap();
    let second = town.command(move |tx| tx.shared(id)).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn it_is_new_after_a_save_an_edit_and_a_delete() {
    let town = Town::new();
    let id = town.member();
    assert_eq!(shared_name(&town, id), "Ada Lovelace");
    town.change(id, |member| member.general.name = "Ada King".into()).unwrap();
    assert_eq!(shared_name(&town, id), "Ada King");
    town.command(move |tx| tx.edit(id, |g: &mut MemberGeneral| g.name = "Ada Byron".into()))
        .unwrap();
    assert_eq!(shared_name(&town, id), "Ada Byron");
    town.command(move |tx| {
        let stored = tx.load(id)?;
        tx.delete(&stored)
    })
    .unwrap();
    assert!(matches!(town.command(move |tx| tx.shared(id)), Err(Fault::Missing { .. })));
}

#[test]
fn a_command_sees_its_own_changes_and_an_undone_one_leaves_none() {
    let town = Town::new();
    let id = town.member();
    assert_eq!(shared_name(&town, id), "Ada Lovelace");
    let outcome = town.command(move |tx| {
        rename(tx, id, "Ada King", "K-1")?;
        assert_eq!(tx.shared(id)?.general.name, "Ada King");
        assert_eq!(tx.lookup::<Member>("card", "K-1")?, Some(id));
        assert_eq!(tx.lookup::<Member>("card", "A-1")?, None);
        undone::<()>()
    });
    assert!(outcome.is_err());
    assert_eq!(shared_name(&town, id), "Ada Lovelace");
    assert_eq!(by_card(&town, "K-1"), None);
    assert_eq!(by_card(&town, "A-1"), Some(id));
}

#[test]
fn an_empty_answer_is_forgotten_when_the_object_comes() {
    let town = Town::new();
    assert_eq!(by_card(&town, "G-1"), None);
    let number = |town: &Town| town.command(|tx| tx.lookup::<Member>("number", "M0001")).unwrap();
    assert_eq!(number(&town), None);
    let id = town.insert(member("Grace", "G-1")).id();
    assert_eq!(by_card(&town, "G-1"), Some(id));
    assert_eq!(number(&town), Some(id));
}

#[test]
fn an_answer_follows_the_unique_value_in_a_save_and_in_an_edit() {
    let town = Town::new();
    let id = town.member();
    assert_eq!((by_card(&town, "A-1"), by_card(&town, "A-2")), (Some(id), None));
    town.change(id, |member| member.general.card = "A-2".into()).unwrap();
    assert_eq!((by_card(&town, "A-1"), by_card(&town, "A-2")), (None, Some(id)));
    assert_eq!(by_card(&town, "A-3"), None);
    town.command(move |tx| tx.edit(id, |g: &mut MemberGeneral| g.card = "A-3".into())).unwrap();
    assert_eq!((by_card(&town, "A-2"), by_card(&town, "A-3")), (None, Some(id)));
}

#[test]
fn an_answer_goes_with_its_object() {
    let town = Town::new();
    let id = town.member();
    assert_eq!(by_card(&town, "A-1"), Some(id));
    town.command(move |tx| {
        let stored = tx.load(id)?;
        tx.delete(&stored)
    })
    .unwrap();
    assert_eq!(by_card(&town, "A-1"), None);
}

#[test]
fn an_object_of_an_undone_command_is_not_remembered() {
    let town = Town::new();
    let made = std::sync::Arc::new(std::sync::Mutex::new(None));
    let keep = made.clone();
    let outcome = town.command(move |tx| {
        let stored = tx.insert(member("Grace", "G-1"))?;
        *keep.lock().unwrap() = Some(stored.id());
        tx.shared(stored.id())?;
        assert_eq!(tx.lookup::<Member>("card", "G-1")?, Some(stored.id()));
        undone::<()>()
    });
    assert!(outcome.is_err());
    let id = made.lock().unwrap().unwrap();
    assert!(town.command(move |tx| tx.shared(id)).is_err());
    assert_eq!(by_card(&town, "G-1"), None);
}

#[test]
fn a_field_that_is_not_unique_can_not_be_looked_up() {
    let town = Town::new();
    let refused = town.command(|tx| tx.lookup::<Member>("name", "Ada Lovelace")).unwrap_err();
    assert!(refused.to_string().contains("member has no unique field name"), "{refused}");
}

#[test]
fn a_read_answers_from_its_snapshot() {
    let town = Town::new();
    let id = town.member();
    assert_eq!(shared_name(&town, id), "Ada Lovelace");
    let writer = town.database.clone();
    let name = town.read(|tx| {
        tx.shared(id)?;
        writer.command(&crate::town::bob(), move |tx| rename(tx, id, "Ada King", "K-1"))?;
        Ok(tx.shared(id)?.general.name.clone())
    });
    assert_eq!(name, "Ada Lovelace");
    assert_eq!(shared_name(&town, id), "Ada King");
}

const CARDS: [&str; 3] = ["C-0", "C-1", "C-2"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Random commands on three members, half of them undone, compared with reads after each.
    #[test]
    fn it_agrees_with_the_database_after_any_commands(
        steps in proptest::collection::vec((0..3_usize, 0..3_usize, any::<bool>(), 0..3_u8), 1..30)
    ) {
        let town = Town::new();
        let ids: Vec<Ref<Member>> =
            (0..3).map(|n| town.insert(member("Member", &format!("start-{n}"))).id()).collect();
        for (who, card, keep, how) in steps {
            let id = ids[who];
            // A card that somebody else has is refused, which undoes the command as well.
            let _ = town.command(move |tx| {
                tx.shared(id)?;
                match how {
                    0 => rename(tx, id, &format!("with {card}"), CARDS[card])?,
                    1 => tx.edit(id, |g: &mut MemberGeneral| g.card = CARDS[card].into())?,
                    _ => tx.edit(id, |g: &mut MemberGeneral| g.card = format!("start-{who}"))?,
                }
                tx.lookup::<Member>("card", CARDS[card])?;
                if keep { Ok(()) } else { undone() }
            });
            for id in &ids {
                let id = *id;
                let cached = town.command(move |tx| tx.shared(id)).unwrap();
                prop_assert_eq!(&cached.value, &town.load(id).value);
            }
            for card in CARDS {
                let found = town.read(|tx| tx.lookup::<Member>("card", card));
                prop_assert_eq!(by_card(&town, card), found);
            }
        }
    }
}
