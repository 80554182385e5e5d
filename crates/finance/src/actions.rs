//! The verbs and reports as the API offers them.

use serde_json::{Value, json};
use tessera_kernel::{
    Action, Answer, Composite, Object, ObjectId, Problem, Ref, Rule, Stored, Tx, json as forms,
};

use crate::manual::{ManualEntryForm, post_manual};
use crate::payment::{
    AllocateForm, CancelForm, ClearingForm, PaymentForm, WriteOffForm, allocate, cancel_payment,
    clear, pay, refund, write_off,
};
use crate::period::{PeriodForm, close_period, open_period};
use crate::report::{
    AccountLinesForm, AgeingForm, OpenItemsForm, TrialBalanceForm, account_lines, ageing,
    open_items, trial_balance,
};
use crate::reverse::{ReversalForm, reverse_manual};

const POSTING_RULES: &[Rule] = &[
    Rule { name: "lines", help: "Accounts are in the company's chart; no line is zero or below." },
    Rule { name: "balance", help: "Debits are credits, in both currencies." },
    Rule { name: "period", help: "The period of the posting date is open." },
    Rule { name: "ledger", help: "The ledger totals are adjusted." },
    Rule { name: "number", help: "The number is drawn last, without gaps." },
];

const MANUAL_RULES: &[Rule] = &[
    Rule { name: "reconciliation", help: "No line is on a reconciliation account." },
    POSTING_RULES[0],
    POSTING_RULES[1],
    POSTING_RULES[2],
    POSTING_RULES[3],
    POSTING_RULES[4],
];

const CLEARING_RULES: &[Rule] = &[
    Rule { name: "items", help: "Each item is open, of this company, customer and currency." },
    Rule { name: "money", help: "Money that was not named is shared in the order given." },
    Rule { name: "discount", help: "A cash discount is what the terms allow on the value date." },
    Rule { name: "tolerance", help: "What is written off is within the company's tolerance." },
    Rule { name: "even", help: "No more is allocated than there is." },
    Rule { name: "post", help: "Bank, items, discount with tax, and exchange difference." },
    Rule { name: "items_change", help: "Open amounts come down, never past zero." },
    Rule { name: "credit", help: "What is cleared no longer counts as credit exposure." },
];

const CANCEL_RULES: &[Rule] = &[
    Rule { name: "once", help: "A payment is cancelled once, not before it was posted." },
    Rule { name: "reverse", help: "Its entries are reversed." },
    Rule { name: "reopen", help: "Its items open again, with their right to a discount." },
    Rule { name: "credit", help: "The credit exposure counts them again." },
];

const REVERSAL_RULES: &[Rule] = &[
    Rule { name: "by_hand", help: "Only entries that stand for no document are reversed here." },
    Rule {
        name: "once",
        help: "An entry is reversed once, not before its own day; a reversal never.",
    },
    Rule { name: "period", help: "The period of the posting date is open." },
];

pub(crate) fn actions() -> Vec<Action> {
    let reports = report_actions().into_iter().map(Action::reading).collect();
    let postings = [entry_actions(), payment_actions(), later_actions()].concat();
    let postings = postings.into_iter().map(|action| action.answering(Answer::Head)).collect();
    [postings, period_actions(), reports].concat()
}

fn entry_actions() -> Vec<Action> {
    vec![
        Action::on_collection(
            "journal_entry",
            "post",
            "Posts an entry of the general ledger by hand",
            ManualEntryForm::composite,
            MANUAL_RULES,
            |tx, _, body| {
                let form: ManualEntryForm = form(tx, body)?;
                post_manual(tx, &form).map_err(Problem::from).map(|entry| made(&entry))
            },
        ),
        Action::on_object(
            "journal_entry",
            "reverse",
            "Takes back an entry that was posted by hand",
            ReversalForm::composite,
            REVERSAL_RULES,
            |tx, id, body| {
                let form: ReversalForm = form(tx, body)?;
                Ok(made(&reverse_manual(tx, Ref::new(id), &form.reversal)?))
            },
        ),
    ]
}

fn period_actions() -> Vec<Action> {
    vec![
        Action::on_collection(
            "posting_period",
            "close",
            "Closes a period: nothing is posted to it any more",
            PeriodForm::composite,
            &[],
            |tx, _, body| {
                let form: PeriodForm = form(tx, body)?;
                Ok(json!({ "id": close_period(tx, &form.period)?.to_string() }))
            },
        ),
        Action::on_collection(
            "posting_period",
            "open",
            "Opens a closed period again",
            PeriodForm::composite,
            &[],
            |tx, _, body| {
                let form: PeriodForm = form(tx, body)?;
                Ok(json!({ "id": open_period(tx, &form.period)?.to_string() }))
            },
        ),
    ]
}

fn payment_actions() -> Vec<Action> {
    vec![
        Action::on_collection(
            "payment",
            "pay",
            "Posts money of a customer and clears open items with it",
            PaymentForm::composite,
            CLEARING_RULES,
            |tx, _, body| {
                let form: PaymentForm = form(tx, body)?;
                Ok(made(&pay(tx, &form)?))
            },
        ),
        Action::on_collection(
            "payment",
            "refund",
            "Posts money that goes back to a customer for credit memos",
            PaymentForm::composite,
            CLEARING_RULES,
            |tx, _, body| {
                let form: PaymentForm = form(tx, body)?;
                Ok(made(&refund(tx, &form)?))
            },
        ),
        Action::on_collection(
            "payment",
            "clear",
            "Clears invoices against credit memos, without money",
            ClearingForm::composite,
            CLEARING_RULES,
            |tx, _, body| {
                let form: ClearingForm = form(tx, body)?;
                Ok(made(&clear(tx, &form)?))
            },
        ),
    ]
}

/// What is done to a payment or an open item later.
fn later_actions() -> Vec<Action> {
    vec![
        Action::on_object(
            "payment",
            "allocate",
            "Clears open items with money that is on the customer's account",
            AllocateForm::composite,
            CLEARING_RULES,
            |tx, id, body| {
                let form: AllocateForm = form(tx, body)?;
                Ok(made(&allocate(tx, Ref::new(id), &form)?))
            },
        ),
        Action::on_object(
            "payment",
            "cancel",
            "Takes a payment or clearing back",
            CancelForm::composite,
            CANCEL_RULES,
            |tx, id, body| {
                let form: CancelForm = form(tx, body)?;
                Ok(made(&cancel_payment(tx, Ref::new(id), &form.reversal)?))
            },
        ),
        Action::on_object(
            "receivable",
            "write_off",
            "Gives up what is open of an item as a bad debt",
            WriteOffForm::composite,
            &[],
            |tx, id, body| {
                let form: WriteOffForm = form(tx, body)?;
                Ok(made(&write_off(tx, Ref::new(id), &form.write_off)?))
            },
        ),
    ]
}

fn report_actions() -> Vec<Action> {
    vec![
        Action::on_collection(
            "journal_entry",
            "trial_balance",
            "Balances of the accounts of a company over periods of a fiscal year",
            TrialBalanceForm::composite,
            &[],
            |tx, _, body| {
                let form: TrialBalanceForm = form(tx, body)?;
                Ok(trial_balance(tx, &form.which)?.to_json())
            },
        ),
        Action::on_collection(
            "journal_entry",
            "account_lines",
            "The lines of an account, page by page",
            AccountLinesForm::composite,
            &[],
            |tx, _, body| {
                let form: AccountLinesForm = form(tx, body)?;
                Ok(account_lines(tx, &form.which)?.to_json())
            },
        ),
        Action::on_collection(
            "receivable",
            "ageing",
            "What customers owe, by how long it is overdue at a key date",
            AgeingForm::composite,
            &[],
            |tx, _, body| {
                let form: AgeingForm = form(tx, body)?;
                let report = ageing(tx, &form.which)?;
                Ok(report.to_json(tx)?)
            },
        ),
        Action::on_collection(
            "receivable",
            "open_items",
            "What a customer owes, item by item",
            OpenItemsForm::composite,
            &[],
            |tx, _, body| {
                let form: OpenItemsForm = form(tx, body)?;
                Ok(open_items(tx, &form.whose)?.to_json())
            },
        ),
    ]
}

fn form<C: Composite>(tx: &mut Tx<'_>, body: &Value) -> Result<C, Problem> {
    let form: C = forms::parse(body)?;
    tx.check_references(&form)?;
    Ok(form)
}

fn made<T: Object>(stored: &Stored<T>) -> Value {
    let id: ObjectId = stored.head.id;
    json!({ "id": id.to_string(), "number": stored.head.number, "version": stored.head.version })
}
