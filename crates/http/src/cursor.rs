//! Cursors: where the next page of a list starts, as text that callers pass back unread.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use tessera_kernel::Cell;
use uuid::Uuid;

/// A cursor belongs to one list: object type, filters and sort.
pub(crate) fn encode(list: &str, sort: &Cell, id: &Cell) -> String {
    let text = format!("{}|{}|{}", stamp(list), cell_text(sort), cell_text(id));
    text.bytes().fold(String::new(), |mut out, byte| {
        // Writing to a text can't fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The sort value and id of a cursor of this list; none where it is of another one or no cursor.
pub(crate) fn decode(list: &str, cursor: &str) -> Option<(Cell, Cell)> {
    if !cursor.is_ascii() || !cursor.len().is_multiple_of(2) || cursor.len() > 8_192 {
        return None;
    }
    let bytes: Option<Vec<u8>> = (0..cursor.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&cursor[at..at + 2], 16).ok())
        .collect();
    let text = String::from_utf8(bytes?).ok()?;
    let rest = text.strip_prefix(&stamp(list))?.strip_prefix('|')?;
    let (sort, id) = rest.rsplit_once('|')?;
    Some((text_cell(sort)?, text_cell(id)?))
}

fn stamp(list: &str) -> String {
    let hash = Sha256::digest(list.as_bytes());
    hash[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn cell_text(cell: &Cell) -> String {
    match cell {
        Cell::Null => "n".to_string(),
        Cell::Bool(value) => format!("b{}", u8::from(*value)),
        Cell::Int(value) => format!("i{value}"),
        Cell::Text(value) => format!("t{value}"),
        Cell::Uuid(value) => format!("u{value}"),
        Cell::Date(value) => format!("d{value}"),
        Cell::Instant(value) => format!("m{value}"),
    }
}

fn text_cell(text: &str) -> Option<Cell> {
    let rest = text.get(1..)?;
    Some(match text.as_bytes()[0] {
        b'n' => Cell::Null,
        b'b' => Cell::Bool(rest == "1"),
        b'i' => Cell::Int(rest.parse().ok()?),
        b't' => Cell::Text(rest.to_string()),
        b'u' => Cell::Uuid(Uuid::try_parse(rest).ok()?),
        b'd' => Cell::Date(rest.parse().ok()?),
        b'm' => Cell::Instant(rest.parse().ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_keeps_its_place_in_its_own_list_only() {
        let id = Cell::Uuid(Uuid::from_u128(7));
        for sort in [
            Cell::Null,
            Cell::Bool(true),
            Cell::Int(-5),
            Cell::Text("a|b – 中".into()),
            Cell::Date(-1),
            Cell::Instant(9),
            id.clone(),
        ] {
            let cursor = encode("product?sort=name", &sort, &id);
            assert_eq!(decode("product?sort=name", &cursor), Some((sort, id.clone())));
            assert_eq!(decode("product?sort=-name", &cursor), None);
        }
    }

    #[test]
    fn what_is_no_cursor_is_none() {
        for text in ["", "zz", "é", "616", "6161", &"61".repeat(5_000)] {
            assert_eq!(decode("x", text), None, "{text}");
        }
    }
}
