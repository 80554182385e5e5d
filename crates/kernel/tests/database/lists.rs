//! Lists: keyset paging over the head table.

use proptest::prelude::*;
use tessera_kernel::{Cell, Condition, Direction, Object, Operator, Query, head_column};

use crate::sample::{Member, code, euro, member};
use crate::town::Town;

/// Members whose list fields repeat and lack values.
fn filled(count: usize) -> Town {
    let town = Town::new();
    town.command(move |tx| {
        for number in 0..count {
            let mut value = member(&format!("Name {}", number % 4), &format!("C-{number}"));
            value.general.limit = (number % 3 > 0).then(|| euro(100 * (number as i64 % 5)));
            value.general.branch = match number % 3 {
                0 => None,
                1 => Some(code("north")),
                _ => Some(code("south")),
            };
            tx.insert(value)?;
        }
        Ok(())
    })
    .unwrap();
    town
}

/// Every page, in order.
fn pages(town: &Town, query: &Query) -> Vec<Vec<Vec<Cell>>> {
    let mut pages = Vec::new();
    let mut query = query.clone();
    loop {
        let page = town.read(|tx| tx.list(Member::def(), &query));
        pages.push(page.rows);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return pages,
        }
        assert!(pages.len() < 1_000, "paging does not end");
    }
}

fn column(name: &str) -> usize {
    Member::def().head.position(name).unwrap()
}

const SORTS: [&str; 7] = ["id", "number", "name", "card", "limit", "branch", "created_at"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn pages_are_the_whole_list_without_gaps_or_repeats(
        count in 0..40_usize,
        limit in 1..9_u32,
        sort in 0..SORTS.len(),
        descending in any::<bool>(),
    ) {
        let town = filled(count);
        let direction = if descending { Direction::Descending } else { Direction::Ascending };
        let sort = column(SORTS[sort]);
        let query = Query { sort: (sort, direction), ..Query::default() }.limit(limit);
        let pages = pages(&town, &query);
        let full = pages.len() - 1;
        prop_assert!(pages[..full].iter().all(|page| page.len() == limit as usize));
        let rows: Vec<(Cell, Cell)> =
            pages.concat().into_iter().map(|row| (row[sort].clone(), row[0].clone())).collect();
        let mut expected = rows.clone();
        expected.sort();
        if descending {
            expected.reverse();
        }
        prop_assert_eq!(&rows, &expected);
        expected.dedup();
        prop_assert_eq!(expected.len(), count);
    }
}

#[test]
fn the_newest_come_first_by_default() {
    let town = filled(3);
    let page = town.read(|tx| tx.list(Member::def(), &Query::default()));
    let numbers: Vec<&Cell> = page.rows.iter().map(|row| &row[head_column::NUMBER]).collect();
    let text = |number: &str| Cell::Text(number.into());
    assert_eq!(numbers, [&text("M0003"), &text("M0002"), &text("M0001")]);
    assert_eq!(page.next, None);
}

#[test]
fn conditions_hold_on_every_page() {
    let town = filled(30);
    let north = Cell::Text("north".into());
    let query = Query::default().limit(4).equals(Member::def(), "branch", north.clone()).unwrap();
    let rows = pages(&town, &query).concat();
    assert_eq!(rows.len(), 10);
    assert!(rows.iter().all(|row| row[column("branch")] == north));
    let mut between = Query { sort: (column("limit"), Direction::Ascending), ..Query::default() };
    between.limit = 3;
    between.conditions = vec![
        Condition::compare(column("limit"), Operator::Ge, Cell::Int(200)),
        Condition::compare(column("limit"), Operator::Lt, Cell::Int(400)),
    ];
    let limits: Vec<Cell> = pages(&town, &between)
        .concat()
        .into_iter()
        .map(|row| row[column("limit")].clone())
        .collect();
    assert!(limits.is_sorted());
    assert!(limits.iter().all(|limit| [Cell::Int(200), Cell::Int(300)].contains(limit)));
    assert_eq!(limits.len(), 8);
}

#[test]
fn a_page_is_not_disturbed_by_what_comes_meanwhile() {
    let town = filled(10);
    let query = Query::default().limit(4);
    let first = town.read(|tx| tx.list(Member::def(), &query));
    town.insert(member("Newcomer", "N-1"));
    let second = Query { after: first.next, ..query };
    let rows = town.read(|tx| tx.list(Member::def(), &second)).rows;
    let numbers: Vec<Cell> = rows.iter().map(|row| row[head_column::NUMBER].clone()).collect();
    assert_eq!(numbers[0], Cell::Text("M0006".into()));
}

#[test]
fn a_field_that_is_no_list_field_is_refused() {
    let refused = Query::default().equals(Member::def(), "reduction", Cell::Null).unwrap_err();
    assert!(refused.to_string().contains("member has no list field reduction"));
}
