//! Billing documents against their journal entries and open items.

use std::collections::HashMap;

use tessera_finance::{JournalEntry, JournalLine, Receivable, Side};
use tessera_kernel::{
    Cell, Choice as _, Condition, Fault, Findings, Object as _, ObjectId, Operator, Segment as _,
    Select, TableDef, Tx, head_column,
};

use crate::post::signed;
use crate::{BillingCategory, BillingDocument, BillingHeader};

/// What finance has of a page of billing documents.
#[derive(Default)]
struct Books {
    /// Amounts of the open items, in minor units, by document.
    receivables: HashMap<ObjectId, Vec<i64>>,
    /// Entries by the document that they stand for, with the entry that reversed each.
    entries: HashMap<ObjectId, Vec<(ObjectId, Option<ObjectId>)>>,
    /// What the customers owe by an entry, in minor units.
    owed: HashMap<ObjectId, i64>,
}

/// Checks that every billing document has the journal entry that it names, and an open item of its
/// gross value where that is not 0; and that the entry is reversed by that of the cancellation.
pub(crate) fn check(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let mut compared = 0;
    let mut reversals: HashMap<ObjectId, Option<ObjectId>> = HashMap::new();
    let mut cancellations: Vec<(ObjectId, BillingHeader)> = Vec::new();
    tx.each_page::<BillingDocument>(&mut |tx, first, last| {
        let headers = tx.records_between::<BillingHeader>(first, last)?;
        let books = books(tx, (first, last), &headers)?;
        compared += headers.len();
        for (id, header) in headers {
            check_receivable(&books, id, &header, findings);
            if is_cancellation(&header) {
                cancellations.push((id, header));
                continue;
            }
            let reversal = check_entry(&books, id, &header, findings);
            if header.cancelled_by.is_some() {
                reversals.insert(id, reversal);
            } else if reversal.is_some() {
                findings.differs(format!("the entry of {id} is reversed, it is not cancelled"));
            }
        }
        Ok(())
    })?;
    for (id, header) in cancellations {
        let reversal = header.cancels.and_then(|original| reversals.remove(&original.id()));
        if reversal != Some(header.journal_entry) {
            findings.differs(format!("the entry of cancellation {id} reverses no other"));
        }
    }
    for (id, _) in reversals {
        findings.differs(format!("billing document {id} is cancelled by no document"));
    }
    findings.compared("billing_books", compared);
    Ok(())
}

fn is_cancellation(header: &BillingHeader) -> bool {
    let category = header.category;
    !matches!(category, BillingCategory::Invoice | BillingCategory::CreditMemo)
}

fn check_receivable(books: &Books, id: ObjectId, header: &BillingHeader, findings: &mut Findings) {
    let gross = signed(header).minor();
    let wanted: &[i64] = if gross == 0 { &[] } else { &[gross] };
    let found = books.receivables.get(&id).map_or(&[][..], Vec::as_slice);
    if found != wanted {
        findings.differs(format!(
            "billing document {id} has the gross value {gross}, its open items have {found:?} \
             (minor units)"
        ));
    }
}

/// Checks the entry of an invoice or a credit memo; answers the one that reversed it.
fn check_entry(
    books: &Books,
    id: ObjectId,
    header: &BillingHeader,
    findings: &mut Findings,
) -> Option<ObjectId> {
    let found = books.entries.get(&id).map_or(&[][..], Vec::as_slice);
    let gross = signed(header).minor();
    let Some(entry) = header.journal_entry else {
        if gross != 0 || !found.is_empty() {
            findings.differs(format!("billing document {id} names no journal entry"));
        }
        return None;
    };
    let owed = books.owed.get(&entry).copied().unwrap_or(0);
    if owed != gross {
        findings.differs(format!(
            "billing document {id} has the gross value {gross}, its entry {owed} (minor units)"
        ));
    }
    let own = found.iter().find(|(found, _)| *found == entry);
    if own.is_none() {
        findings.differs(format!("the entry that billing document {id} names is not its own"));
    }
    let reversal = own.and_then(|(_, reversal)| *reversal);
    let others = found.iter().filter(|(other, _)| *other != entry && Some(*other) != reversal);
    if others.count() > 0 {
        findings.differs(format!("billing document {id} has a second journal entry"));
    }
    reversal
}

/// What finance has of the documents from the first to the last: three queries.
fn books(
    tx: &mut Tx<'_>,
    (first, last): (ObjectId, ObjectId),
    headers: &[(ObjectId, BillingHeader)],
) -> Result<Books, Fault> {
    let mut books = Books::default();
    let receivable = Receivable::def().head;
    let document = column(receivable, "document")?;
    let query = between(
        Select::from(receivable, &[document, column(receivable, "amount")?]),
        document,
        (first, last),
    );
    tx.select(&query, &mut |row| {
        if let (Some(document), Some(amount)) = (row.uuid()?.map(ObjectId), row.int()?) {
            books.receivables.entry(document).or_default().push(amount);
        }
        Ok(())
    })?;
    let entry = JournalEntry::def().head;
    let reference = column(entry, "reference")?;
    let columns = [reference, head_column::ID, column(entry, "reversed_by")?];
    let query = between(Select::from(entry, &columns), reference, (first, last));
    tx.select(&query, &mut |row| {
        let (document, id) = (row.uuid()?.map(ObjectId), row.uuid()?.map(ObjectId));
        let reversed_by = row.uuid()?.map(ObjectId);
        if let Some((document, id)) = document.zip(id) {
            books.entries.entry(document).or_default().push((id, reversed_by));
        }
        Ok(())
    })?;
    let own = headers.iter().filter(|(_, header)| !is_cancellation(header));
    let own: Vec<ObjectId> = own.filter_map(|(_, header)| header.journal_entry).collect();
    if let (Some(first), Some(last)) = (own.iter().min(), own.iter().max()) {
        add_owed(tx, (*first, *last), &mut books.owed)?;
    }
    Ok(books)
}

/// Adds what the lines of customers come to, by entry. A document is posted with its entry, so
/// that the entries of a page lie together.
fn add_owed(
    tx: &mut Tx<'_>,
    entries: (ObjectId, ObjectId),
    owed: &mut HashMap<ObjectId, i64>,
) -> Result<(), Fault> {
    let table = JournalLine::def().table();
    let partner = column(table, "partner")?;
    let columns = [0, column(table, "side")?, column(table, "amount")?];
    let of_customer = Condition { column: partner, operator: Operator::NotEmpty, values: vec![] };
    let query = between(Select::from(table, &columns), 0, entries).filter(of_customer);
    tx.select(&query, &mut |row| {
        let entry = row.uuid()?.map(ObjectId);
        let debit = row.text()? == Some(Side::Debit.code());
        let amount = row.int()?.unwrap_or(0);
        if let Some(entry) = entry {
            *owed.entry(entry).or_default() += if debit { amount } else { -amount };
        }
        Ok(())
    })
}

fn between(query: Select, column: usize, (first, last): (ObjectId, ObjectId)) -> Select {
    query
        .filter(Condition::compare(column, Operator::Ge, Cell::Uuid(first.0)))
        .filter(Condition::compare(column, Operator::Le, Cell::Uuid(last.0)))
}

fn column(table: &TableDef, name: &str) -> Result<usize, Fault> {
    let missing = || Fault::corrupt(format!("{} has no column {name}", table.name));
    table.position(name).ok_or_else(missing)
}
