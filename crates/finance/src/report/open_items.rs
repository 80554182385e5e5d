//! What a customer owes, item by item.

use serde_json::{Value, json};
use tessera_kernel::{
    Aggregate, Cell, Code, Condition, Date, Direction, Fault, Form, Money, Object, ObjectId,
    Operator, Record, Ref, Select, Tx, date_from_days, date_to_days, head_column,
};
use tessera_organisation::OrganisationSettings;
use tessera_partner::BusinessPartner;

use super::{money, page_size};
use crate::segments::{Receivable, ReceivableItem};
use crate::settings::FinanceSettings;
use crate::{FinanceError, today};

/// Whose items.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct OpenItemsData {
    /// The customer.
    pub partner: Ref<BusinessPartner>,
    /// Only this company.
    #[field(code = "company_code")]
    pub company_code: Option<Code>,
    /// Rows per page, at most 1,000.
    #[field(positive, default = 100)]
    pub limit: u32,
    /// The last item of the page before.
    pub after: Option<Ref<Receivable>>,
}

/// Input of `open_items`.
#[derive(Form, Clone, Debug, PartialEq)]
pub struct OpenItemsForm {
    /// Whose.
    #[form(flatten)]
    pub whose: OpenItemsData,
}

/// An open item and what may be deducted today.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenItem {
    /// The item.
    pub id: Ref<Receivable>,
    /// Its data.
    pub item: ReceivableItem,
    /// Cash discount for paying all that is open today.
    pub discount_today: Money,
    /// Days by which it is overdue today; below zero until it is due.
    pub overdue_days: i32,
}

/// A page of open items, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenItems {
    /// The items.
    pub items: Vec<OpenItem>,
    /// The last item, where there is another page.
    pub next: Option<Ref<Receivable>>,
}

/// Positions of the columns of the head row that the queries need.
pub(super) fn column(name: &str) -> Result<usize, Fault> {
    let head = Receivable::def().head;
    head.position(name).ok_or_else(|| Fault::corrupt(format!("receivable has no column {name}")))
}

/// Items that are not cleared.
pub(super) fn uncleared() -> Result<Condition, Fault> {
    let values = ["open", "partly"].map(|status| Cell::Text(status.to_string()));
    Ok(Condition { column: column("status")?, operator: Operator::In, values: values.to_vec() })
}

/// Reads a page of what a customer owes, oldest first.
pub fn open_items(tx: &mut Tx<'_>, whose: &OpenItemsData) -> Result<OpenItems, FinanceError> {
    tx.actor().require("receivable", "open_items")?;
    let limit = page_size(whose.limit, 1_000)?;
    let mut query = Select::from(Receivable::def().head, &[head_column::ID])
        .equals(column("partner")?, Cell::Uuid(whose.partner.id().0))
        .filter(uncleared()?)
        .order_by(head_column::ID, Direction::Ascending)
        .limit(limit + 1);
    if let Some(company) = whose.company_code {
        query = query.equals(column("company_code")?, Cell::Text(company.to_string()));
    }
    query.after = whose.after.map(|id| vec![Cell::Uuid(id.id().0)]);
    let mut ids = Vec::new();
    tx.select(&query, &mut |row| {
        ids.push(Ref::new(crate::walk::read_id(row)?));
        Ok(())
    })?;
    let more = ids.len() > limit as usize;
    ids.truncate(limit as usize);
    let mut items = Vec::with_capacity(ids.len());
    for id in ids {
        items.push(open_item(tx, id)?);
    }
    let next = items.last().filter(|_| more).map(|item| item.id);
    Ok(OpenItems { items, next })
}

fn open_item(tx: &mut Tx<'_>, id: Ref<Receivable>) -> Result<OpenItem, FinanceError> {
    let item: ReceivableItem = tx.segment_one(id.id())?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let day = today(tx, organisation, item.company_code, None)?;
    let grace = tx.settings::<FinanceSettings>()?.tolerance(item.company_code).discount_grace_days;
    let discount_today = item.discount_on(day, grace, item.open_amount)?;
    let overdue_days = date_to_days(day) - date_to_days(item.due_date);
    Ok(OpenItem { id, item, discount_today, overdue_days })
}

/// For how many days the oldest open invoice of a customer is overdue on a day, among those of the
/// companies whose credit is watched in a credit control area; 0 where none is.
pub fn overdue_days(
    tx: &mut Tx<'_>,
    area: Code,
    partner: Ref<BusinessPartner>,
    day: Date,
) -> Result<u32, FinanceError> {
    let companies = tx.settings::<OrganisationSettings>()?.company_codes.iter();
    let companies = companies.filter(|(_, company)| company.credit_control_area == area);
    let values = companies.map(|(code, _)| Cell::Text(code.to_string())).collect();
    let of_area = Condition { column: column("company_code")?, operator: Operator::In, values };
    let query = Select::from(Receivable::def().head, &[])
        .equals(column("partner")?, Cell::Uuid(partner.id().0))
        .filter(of_area)
        .filter(uncleared()?)
        .filter(Condition::compare(column("open_amount")?, Operator::Gt, Cell::Int(0)))
        .aggregate(Aggregate::Min(column("due_date")?));
    let mut oldest = None;
    tx.select(&query, &mut |row| {
        oldest = row.date()?.and_then(date_from_days);
        Ok(())
    })?;
    let days = oldest.map_or(0, |due| date_to_days(day) - date_to_days(due));
    Ok(u32::try_from(days).unwrap_or(0))
}

impl OpenItems {
    /// The report as JSON.
    pub fn to_json(&self) -> Value {
        let items = self.items.iter().map(|OpenItem { id, item, discount_today, overdue_days }| {
            json!({
                "id": id.to_string(),
                "company_code": item.company_code.as_str(),
                "document": item.document.to_string(),
                "document_number": item.document_number,
                "posting_date": item.posting_date.to_string(),
                "due_date": item.due_date.to_string(),
                "overdue_days": overdue_days,
                "amount": money(item.amount),
                "open_amount": money(item.open_amount),
                "discount_today": money(*discount_today),
            })
        });
        json!({
            "items": items.collect::<Vec<_>>(),
            "after": self.next.map(|id: Ref<Receivable>| ObjectId::to_string(&id.id())),
        })
    }
}
