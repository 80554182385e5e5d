//! The line items of an account.

use serde_json::{Value, json};
use tessera_kernel::{
    Cell, Code, Date, Direction, Fault, Form, Object, ObjectId, Record, Segment, Select, Tx,
    head_column,
};

use super::{in_calendar, money, page_size};
use crate::FinanceError;
use crate::segments::{JournalEntry, JournalHeader, JournalLine};
use crate::walk::read_id;

/// Which lines.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct AccountLinesData {
    /// The account.
    #[field(code = "account")]
    pub account: Code,
    /// Only this company.
    #[field(code = "company_code")]
    pub company_code: Option<Code>,
    /// Only posted on or after this day.
    pub from: Option<Date>,
    /// Only posted on or before this day.
    pub to: Option<Date>,
    /// Rows per page, at most 1,000.
    #[field(positive, default = 100)]
    pub limit: u32,
    /// The entry of the last row of the page before, with `after_line`.
    pub after_entry: Option<ObjectId>,
    /// The line of the last row of the page before.
    pub after_line: Option<u32>,
}

/// Input of `account_lines`.
#[derive(Form, Clone, Debug, PartialEq)]
pub struct AccountLinesForm {
    /// Which.
    #[form(flatten)]
    pub which: AccountLinesData,
}

/// A line with what is known of its entry.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountLine {
    /// The entry.
    pub entry: ObjectId,
    /// Its number.
    pub number: String,
    /// What is true of the whole entry.
    pub header: JournalHeader,
    /// The line.
    pub line: JournalLine,
}

/// A page of lines, in the order in which they were posted.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountLines {
    /// The lines.
    pub lines: Vec<AccountLine>,
    /// Entry and line where the next page starts; none on the last page. A page may have fewer
    /// lines than asked for although there are more, where a filter took many away.
    pub next: Option<(ObjectId, u32)>,
}

/// Reads a page of the lines of an account.
pub fn account_lines(
    tx: &mut Tx<'_>,
    which: &AccountLinesData,
) -> Result<AccountLines, FinanceError> {
    tx.actor().require("journal_entry", "account_lines")?;
    let limit = page_size(which.limit, 1_000)?;
    check(which)?;
    let table = JournalLine::def().table();
    // Column 0 is the entry, column 1 the line.
    let account = table.position("account").ok_or_else(|| Fault::corrupt("no account column"))?;
    let mut query = Select::all(table)
        .equals(account, Cell::Text(which.account.to_string()))
        .order_by(0, Direction::Ascending)
        .order_by(1, Direction::Ascending)
        .limit(limit + 1);
    if let Some(entry) = which.after_entry {
        let line = i64::from(which.after_line.unwrap_or(u32::MAX));
        query.after = Some(vec![Cell::Uuid(entry.0), Cell::Int(line)]);
    }
    let mut found: Vec<(ObjectId, JournalLine)> = Vec::new();
    tx.select(&query, &mut |row| {
        let id = read_id(row)?;
        found.push((id, JournalLine::read(row)?));
        Ok(())
    })?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|(entry, line)| (*entry, line.line));
    let mut lines = Vec::with_capacity(found.len());
    for (entry, line) in found {
        let header: JournalHeader = tx.segment_one(entry)?;
        if matches(which, &header) {
            let number = number(tx, entry)?;
            lines.push(AccountLine { entry, number, header, line });
        }
    }
    Ok(AccountLines { lines, next })
}

/// Days are in the calendar and in order, and a line is that of an entry.
fn check(which: &AccountLinesData) -> Result<(), FinanceError> {
    in_calendar("from", which.from)?;
    in_calendar("to", which.to)?;
    if let (Some(from), Some(to)) = (which.from, which.to)
        && from > to
    {
        let message = format!("must not be after to, which is {to}");
        return Err(FinanceError::Report { path: "from", message });
    }
    if which.after_line.is_some() && which.after_entry.is_none() {
        let message = "is a line of after_entry: name that, too".to_string();
        return Err(FinanceError::Report { path: "after_line", message });
    }
    Ok(())
}

fn matches(which: &AccountLinesData, header: &JournalHeader) -> bool {
    which.company_code.is_none_or(|company| company == header.company_code)
        && which.from.is_none_or(|from| header.posting_date >= from)
        && which.to.is_none_or(|to| header.posting_date <= to)
}

fn number(tx: &mut Tx<'_>, entry: ObjectId) -> Result<String, Fault> {
    let query = Select::from(JournalEntry::def().head, &[head_column::NUMBER])
        .equals(head_column::ID, Cell::Uuid(entry.0));
    let mut number = String::new();
    tx.select(&query, &mut |row| {
        number = row.text()?.unwrap_or_default().to_string();
        Ok(())
    })?;
    Ok(number)
}

impl AccountLines {
    /// The report as JSON.
    pub fn to_json(&self) -> Value {
        let lines = self.lines.iter().map(|row| {
            json!({
                "entry": row.entry.to_string(),
                "number": row.number,
                "line": row.line.line,
                "company_code": row.header.company_code.as_str(),
                "kind": row.header.kind.as_str(),
                "posting_date": row.header.posting_date.to_string(),
                "reference_number": row.header.reference_number,
                "amount": money(row.line.signed().0),
                "local_amount": money(row.line.signed().1),
                "partner": row.line.partner.map(|partner| partner.to_string()),
                "tax_code": row.line.tax_code.map(|code| code.to_string()),
                "text": row.line.text.as_deref().or(row.header.text.as_deref()),
            })
        });
        json!({
            "lines": lines.collect::<Vec<_>>(),
            "after_entry": self.next.map(|(entry, _)| entry.to_string()),
            "after_line": self.next.map(|(_, line)| line),
        })
    }
}
