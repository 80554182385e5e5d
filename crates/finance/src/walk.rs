//! Every journal entry, page by page: for the export and for checks, in constant memory.

use tessera_kernel::{
    Cell, Direction, Fault, Object, ObjectId, RowSource, Select, Tx, head_column,
};

use crate::segments::{JournalEntry, JournalHeader, JournalLine};

/// Entries per page.
const PAGE: u32 = 1_000;

/// An entry as the ledger has it.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    /// Id.
    pub id: ObjectId,
    /// Number.
    pub number: String,
    /// What is true of the whole entry.
    pub header: JournalHeader,
    /// Its lines.
    pub lines: Vec<JournalLine>,
}

/// Visits every entry in the order in which they were posted.
pub fn each_entry<E: From<Fault>>(
    tx: &mut Tx<'_>,
    mut visit: impl FnMut(&LedgerEntry) -> Result<(), E>,
) -> Result<(), E> {
    let mut after = None;
    loop {
        let page = page(tx, after)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        page.iter().try_for_each(&mut visit)?;
    }
}

fn page(tx: &mut Tx<'_>, after: Option<ObjectId>) -> Result<Vec<LedgerEntry>, Fault> {
    let head = JournalEntry::def().head;
    let mut query = Select::from(head, &[head_column::ID, head_column::NUMBER])
        .order_by(head_column::ID, Direction::Ascending)
        .limit(PAGE);
    query.after = after.map(|id| vec![Cell::Uuid(id.0)]);
    let mut numbers: Vec<(ObjectId, String)> = Vec::new();
    tx.select(&query, &mut |row| {
        let id = read_id(row)?;
        numbers.push((id, row.text()?.unwrap_or_default().to_string()));
        Ok(())
    })?;
    let (Some((first, _)), Some((last, _))) = (numbers.first(), numbers.last()) else {
        return Ok(Vec::new());
    };
    let headers: Vec<(ObjectId, JournalHeader)> = tx.records_between(*first, *last)?;
    let lines: Vec<(ObjectId, JournalLine)> = tx.records_between(*first, *last)?;
    let (mut headers, mut lines) = (headers.into_iter(), lines.into_iter().peekable());
    let mut entries = Vec::with_capacity(numbers.len());
    for (id, number) in numbers {
        let Some((_, header)) = headers.next().filter(|(own, _)| *own == id) else {
            return Err(Fault::corrupt(format!("journal entry {number} has no header")));
        };
        let mut own = Vec::new();
        while let Some((_, line)) = lines.next_if(|(of, _)| *of == id) {
            own.push(line);
        }
        entries.push(LedgerEntry { id, number, header, lines: own });
    }
    Ok(entries)
}

pub(crate) fn read_id(row: &mut dyn RowSource) -> Result<ObjectId, Fault> {
    row.uuid()?.map(ObjectId).ok_or_else(|| Fault::corrupt("a row has no object"))
}
