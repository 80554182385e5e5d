//! One billing document: assembled, numbered, posted.

use serde_json::json;
use tessera_credit::Exposure;
use tessera_document::{
    BILL_TO, DocumentFlow, DocumentKind, PAYER, PartnerFunction, SOLD_TO, copied_texts,
};
use tessera_finance::{
    Entry, FinanceSettings, JournalEntry, Line as LedgerLine, NewReceivable, account_key, compress,
    open_receivable, reconciliation_account,
};
use tessera_kernel::{Code, Date, Decimal, Home, Money, ObjectId, Ref, Stored, Tx};
use tessera_organisation::{OrganisationSettings, due};
use tessera_pricing::Totals;

use crate::create::{Line, SplitKey, billing_date};
use crate::customizing::BillingType;
use crate::{
    BillingCategory, BillingDocument, BillingError, BillingHeader, BillingItem, BillingSettings,
};

/// Makes one document of the lines of one split group.
pub(crate) fn post(
    tx: &mut Tx<'_>,
    key: SplitKey,
    lines: Vec<Line>,
    on: Option<Date>,
) -> Result<Stored<BillingDocument>, BillingError> {
    let settings = tx.settings::<BillingSettings>()?;
    let rule = settings
        .billing_types
        .require(key.billing_type)
        .map_err(|message| BillingError::field("billing_type", message))?;
    let date = billing_date(tx, key.sales_organisation, on)?;
    not_before(&lines, date)?;
    let id: Ref<BillingDocument> = Ref::new(tx.new_id_at(Home::With(key.sold_to.id())));
    let groups: Vec<Option<Code>> = lines.iter().map(|line| line.product_group).collect();
    let mut document = assemble(tx, key, lines, date, rule)?;
    let gross = signed(&document.header);
    let credit = tessera_credit::credit_value(tx, key.credit_control_area, gross, date)?;
    // Before the number: who waits for the customer's row holds none that everybody waits for.
    move_credit(tx, &document, credit, 1)?;
    let number = draw_number(tx, rule, document.header.company_code, date)?;
    let entry = post_entry(tx, &document, key, rule, (id.id(), &number), &groups)?;
    if let Some(entry) = &entry {
        document.header.journal_entry = Some(entry.head.id);
        // A discount of everything is revenue against deductions: booked, and nothing is owed.
        if !gross.is_zero() {
            let receivable = NewReceivable {
                document: id.id(),
                document_number: &number,
                payment_terms: Some(key.payment_terms),
                baseline_date: date,
                credit_control_area: key.credit_control_area,
                credit_amount: credit,
            };
            open_receivable(tx, entry, &receivable)?;
        }
    }
    let stored = tx.insert_as(id, document, Some(number))?;
    let payload = json!({
        "number": stored.head.number,
        "gross_value": stored.header.gross_value.amount().to_string(),
        "currency": stored.header.currency.code(),
    });
    tx.emit("billing_document.posted", stored.head.id, &payload)?;
    Ok(stored)
}

/// Nothing is billed before the goods moved, or before it was ordered where none move.
fn not_before(lines: &[Line], date: Date) -> Result<(), BillingError> {
    match lines.iter().map(|line| line.since).max().filter(|since| date < *since) {
        Some(since) => {
            let message =
                format!("must not be before {since}, when the goods moved or were ordered");
            Err(BillingError::field("billing_date", message))
        }
        None => Ok(()),
    }
}

/// What the customer owes more (or less) by the document.
pub(crate) fn signed(header: &BillingHeader) -> Money {
    match header.category.sign() {
        1 => header.gross_value,
        _ => header.gross_value.negated(),
    }
}

/// The legal number: per company and calendar year of the billing date, without gaps.
pub(crate) fn draw_number(
    tx: &mut Tx<'_>,
    rule: &BillingType,
    company_code: Code,
    date: Date,
) -> Result<String, BillingError> {
    Ok(tx.next_in_series(rule.number_range.as_str(), &series(company_code, date))?)
}

/// The series of a company and a calendar year, like `1000-2026`.
pub(crate) fn series(company_code: Code, date: Date) -> String {
    format!("{company_code}-{}", date.year())
}

fn assemble(
    tx: &mut Tx<'_>,
    key: SplitKey,
    lines: Vec<Line>,
    date: Date,
    rule: &BillingType,
) -> Result<BillingDocument, BillingError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let (company_code, _) = organisation
        .company_of_sales_organisation(key.sales_organisation)
        .map_err(|message| BillingError::field("sales_organisation", message))?;
    let terms = organisation
        .terms(key.payment_terms)
        .map_err(|message| BillingError::field("payment_terms", message))?;
    let flow = flow(rule.category, &lines);
    let texts = copied_texts(lines.iter().flat_map(|line| &line.texts), &rule.copy_texts);
    let zero = Money::zero(key.currency);
    let (mut net, mut tax, mut rounding) = (zero, zero, Decimal::ZERO);
    let (mut items, mut conditions) = (Vec::with_capacity(lines.len()), Vec::new());
    for (number, line) in (1_u32..).map(|n| n * 10).zip(lines) {
        let totals = Totals::of(&line.conditions, key.currency)?;
        net = net.plus(totals.net)?;
        tax = tax.plus(totals.tax)?;
        rounding += totals.rounding;
        items.push(BillingItem {
            item: number,
            net_value: totals.net,
            tax_value: totals.tax,
            ..line.item
        });
        conditions.extend(line.conditions.into_iter().map(|mut row| {
            row.item = number;
            row
        }));
    }
    Ok(BillingDocument {
        header: BillingHeader {
            billing_type: key.billing_type,
            category: rule.category,
            company_code,
            sales_organisation: key.sales_organisation,
            sold_to: key.sold_to,
            payer: key.payer,
            billing_date: date,
            currency: key.currency,
            payment_terms: key.payment_terms,
            due_date: due(terms, date).net,
            net_value: net,
            tax_value: tax,
            gross_value: net.plus(tax)?,
            rounding,
            credit_control_area: key.credit_control_area,
            journal_entry: None,
            cancels: None,
            cancelled_by: None,
            reason: None,
        },
        items,
        conditions,
        partners: [(BILL_TO, key.bill_to), (PAYER, key.payer), (SOLD_TO, key.sold_to)]
            .map(|(function, partner)| PartnerFunction { function, partner })
            .to_vec(),
        flow,
        texts,
    })
}

/// Kind of a billing document in a document flow.
pub(crate) fn kind_of(category: BillingCategory) -> DocumentKind {
    match category {
        BillingCategory::Invoice => DocumentKind::Invoice,
        BillingCategory::CreditMemo => DocumentKind::CreditMemo,
        BillingCategory::InvoiceCancellation | BillingCategory::CreditCancellation => {
            DocumentKind::Cancellation
        }
    }
}

/// The deliveries of the items, or their orders where nothing was delivered, each once.
fn flow(category: BillingCategory, lines: &[Line]) -> Vec<DocumentFlow> {
    let mut flow: Vec<DocumentFlow> = Vec::new();
    for line in lines {
        let (predecessor, predecessor_kind) = line.predecessor;
        if !flow.iter().any(|known| known.predecessor == predecessor) {
            flow.push(DocumentFlow { predecessor, predecessor_kind, kind: kind_of(category) });
        }
    }
    flow
}

/// Receivable against revenue, deductions and taxes. None where nothing is owed and nothing was
/// earned; without a line of the customer where what was earned was all given away.
fn post_entry(
    tx: &mut Tx<'_>,
    document: &BillingDocument,
    key: SplitKey,
    rule: &BillingType,
    (id, number): (ObjectId, &str),
    groups: &[Option<Code>],
) -> Result<Option<Stored<JournalEntry>>, BillingError> {
    let header = &document.header;
    let customer = tx.shared(key.payer)?;
    let area = (key.sales_organisation, key.distribution_channel, key.division);
    let customer_group = customer
        .sales_area_on(area.0, area.1, area.2, header.billing_date)
        .map(|terms| terms.account_assignment_group);
    let organisation = tx.settings::<OrganisationSettings>()?;
    let company = organisation
        .company(header.company_code)
        .map_err(|message| BillingError::field("company_code", message))?;
    let determination = &tx.settings::<FinanceSettings>()?.determination;
    let sign = rule.category.sign();
    let mut lines = Vec::with_capacity(document.conditions.len() + 1);
    let account = reconciliation_account(tx, key.payer, header.company_code, customer_group)?;
    lines.push(LedgerLine::signed(account, header.gross_value.times(sign)?).of(key.payer));
    for row in document.conditions.iter().filter(|row| row.counts()) {
        let position = usize::try_from(row.item / 10).unwrap_or(0).saturating_sub(1);
        let product_group = groups.get(position).copied().flatten();
        let own = if row.is_tax() { account_key::OUTPUT_TAX } else { account_key::REVENUE };
        let account = determination.account(
            company.chart_of_accounts,
            row.account_key.unwrap_or(own),
            customer_group,
            product_group,
        )?;
        let value = row.value.times(-sign)?;
        lines.push(LedgerLine::signed(account, value).taxed(row.tax_code));
    }
    let lines = compress(&lines)?;
    if lines.is_empty() {
        return Ok(None);
    }
    let entry = Entry {
        company_code: header.company_code,
        kind: rule.document_kind,
        posting_date: header.billing_date,
        document_date: header.billing_date,
        currency: header.currency,
        reference: Some(id),
        reference_number: Some(number),
        text: None,
        lines: &lines,
    };
    Ok(Some(tessera_finance::post(tx, &entry)?))
}

/// The document counts in the exposure for what its deliveries no longer count for; with
/// `direction` −1 the other way round. Orders say themselves what they count for.
pub(crate) fn move_credit(
    tx: &mut Tx<'_>,
    document: &BillingDocument,
    invoiced: Money,
    direction: i64,
) -> Result<(), BillingError> {
    let mut change = Exposure::invoices(invoiced.times(direction)?);
    for item in document.items.iter().filter(|item| item.delivery.is_some()) {
        let value = item.credit_value.times(-direction)?;
        change.deliveries = change.deliveries.plus(value)?;
    }
    let header = &document.header;
    Ok(tessera_credit::shift(tx, header.credit_control_area, header.payer, change)?)
}
