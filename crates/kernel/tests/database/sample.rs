//! The objects of the library.

use tessera_kernel::{
    Action, Balance, Checked, Choice, Code, ColumnType, Currency, Date, Decimal, EventDef,
    Language, Module, Money, NoInput, Object, ObjectEntry, Percentage, Placement, Problem,
    Quantity, Ref, Segment, Tx, Unit, Validity, parse_date,
};

/// How far a member is trusted.
#[derive(Choice, Clone, Copy, Debug, PartialEq)]
pub(crate) enum Level {
    /// New here.
    Guest,
    /// Known well.
    Patron,
}

#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "member_general", one)]
pub(crate) struct MemberGeneral {
    /// Name in lists.
    #[field(max = 40, list, index)]
    pub(crate) name: String,
    /// Card that opens the door.
    #[field(max = 20, unique)]
    pub(crate) card: String,
    /// Level.
    #[field(list, default = "guest")]
    pub(crate) level: Level,
    /// What may be lent at most.
    #[field(list, not_negative)]
    pub(crate) limit: Option<Money>,
    /// Reduction of fees.
    pub(crate) reduction: Option<Percentage>,
    /// Branch where cards are kept.
    #[field(code = "branch", list, index)]
    pub(crate) branch: Option<Code>,
    /// Weight of what they carry home at once.
    pub(crate) carries: Option<Decimal>,
}

#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "member_address", many(kind))]
pub(crate) struct MemberAddress {
    /// Kind.
    pub(crate) kind: Code,
    /// Town.
    pub(crate) town: String,
    /// Language spoken there.
    pub(crate) language: Language,
}

#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "member_fee", timed(1))]
pub(crate) struct MemberFee {
    /// When it holds.
    pub(crate) valid: Validity,
    /// Fee for a year.
    pub(crate) fee: Money,
}

#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "member_duty", timed(2, duty))]
pub(crate) struct MemberDuty {
    /// Duty.
    #[field(code = "duty")]
    pub(crate) duty: Code,
    /// When they have it.
    pub(crate) valid: Validity,
}

/// Someone who borrows books.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "member", numbers = "member", cached, shared)]
pub(crate) struct Member {
    /// General data.
    pub(crate) general: MemberGeneral,
    /// Addresses.
    pub(crate) addresses: Vec<MemberAddress>,
    /// Fees over time.
    pub(crate) fees: Vec<MemberFee>,
    /// Duties over time.
    pub(crate) duties: Vec<MemberDuty>,
}

impl Checked for Member {
    fn check(&self, _tx: &mut Tx<'_>) -> Result<(), Problem> {
        if self.general.name == self.general.card {
            return Err(Problem::invalid("general.card", "must differ from the name"));
        }
        Ok(())
    }
}

#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "loan_header", one)]
pub(crate) struct LoanHeader {
    /// Who borrows.
    #[field(list, index)]
    pub(crate) member: Ref<Member>,
    /// Day by which everything comes back.
    #[field(list, index)]
    pub(crate) due: Date,
    /// Remark in lists.
    #[field(list)]
    pub(crate) remark: Option<String>,
}

#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "loan_reminder", one)]
pub(crate) struct LoanReminder {
    /// Day of the reminder.
    #[field(list)]
    pub(crate) reminded: Option<Date>,
}

#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "loan_item", many(item))]
pub(crate) struct LoanItem {
    /// Number.
    pub(crate) item: u32,
    /// Title of the book.
    #[field(index)]
    pub(crate) title: String,
    /// Copies.
    #[field(positive)]
    pub(crate) copies: Quantity,
    /// Deposit for all copies.
    pub(crate) deposit: Option<Money>,
}

#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "loan_return", item, many(item, part))]
pub(crate) struct LoanReturn {
    /// Item.
    pub(crate) item: u32,
    /// Number of the return.
    pub(crate) part: u32,
    /// Copies.
    pub(crate) copies: Quantity,
}

/// Books that a member has at home.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "loan", numbers = "loan", shared)]
pub(crate) struct Loan {
    /// Header.
    pub(crate) header: LoanHeader,
    /// The last reminder, if there was one.
    pub(crate) reminder: Option<LoanReminder>,
    /// Items.
    pub(crate) items: Vec<LoanItem>,
    /// Returns of items.
    pub(crate) returns: Vec<LoanReturn>,
}

/// Copies on a shelf: there, and promised to someone.
pub(crate) static SHELF: Balance = Balance::new(
    "shelf",
    &[("shelf", ColumnType::Text)],
    &["there", "promised"],
    Placement::Central,
);

/// Visitors by hour of the day; rows of zeroes are not kept.
pub(crate) static VISITORS: Balance = Balance::sparse(
    "visitors",
    &[("branch", ColumnType::Text), ("day", ColumnType::Date)],
    &["h8", "h9", "h10", "h11", "h12", "h13", "h14", "h15", "h16", "h17"],
    Placement::Central,
);

/// Copies of an item of a loan: lent, and lost.
pub(crate) static LENT: Balance = Balance::new(
    "lent",
    &[("loan", ColumnType::Uuid), ("item", ColumnType::Int)],
    &["lent", "lost"],
    Placement::Object(0),
);

/// Reminders of an item of a loan, by letter and by phone; rows of zeroes are not kept.
pub(crate) static REMINDED: Balance = Balance::sparse(
    "reminded",
    &[("loan", ColumnType::Uuid), ("item", ColumnType::Int)],
    &["letters", "calls"],
    Placement::Object(0),
);

const EVENTS: &[EventDef] = &[EventDef::new("member.made", "There is a new member.")];

pub(crate) fn module() -> Module {
    Module {
        name: "library",
        owner: "library",
        help: "Lends books.",
        events: EVENTS,
        objects: vec![
            ObjectEntry::master_data::<Member>().deletable::<Member>(),
            ObjectEntry::document::<Loan>(),
        ],
        actions: vec![Action::on_object(
            "loan",
            "remind",
            "Reminds the member.",
            <NoInput as tessera_kernel::Composite>::composite,
            &[],
            |tx, id, _| {
                let today = tx.now().date_in(&tessera_kernel::Zone::UTC);
                let mut loan = tx.load(Ref::<Loan>::new(id))?;
                loan.reminder = Some(LoanReminder { reminded: Some(today) });
                tx.save(&mut loan)?;
                Ok(serde_json::Value::Null)
            },
        )],
        balances: vec![&SHELF, &VISITORS, &LENT, &REMINDED],
        number_ranges: vec!["member", "loan", "receipt"],
        ..Module::default()
    }
}

pub(crate) fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

pub(crate) fn day(text: &str) -> Date {
    parse_date(text).unwrap()
}

pub(crate) fn valid(from: &str, to: &str) -> Validity {
    Validity::new(day(from), day(to)).unwrap()
}

pub(crate) fn euro(cents: i64) -> Money {
    Money::from_minor(cents, Currency::parse("EUR").unwrap())
}

pub(crate) fn pieces(count: i64) -> Quantity {
    Quantity::of(count, Unit::parse("PC").unwrap())
}

pub(crate) fn member(name: &str, card: &str) -> Member {
    let general = MemberGeneral {
        name: name.into(),
        card: card.into(),
        level: Level::Guest,
        limit: Some(euro(5_000)),
        reduction: None,
        branch: None,
        carries: None,
    };
    let address = |kind: &str, town: &str| MemberAddress {
        kind: code(kind),
        town: town.into(),
        language: Language::parse("de").unwrap(),
    };
    Member {
        general,
        addresses: vec![address("home", "Kiel"), address("work", "Bonn")],
        fees: vec![MemberFee { valid: valid("2020-01-01", "9999-12-31"), fee: euro(1_200) }],
        duties: vec![MemberDuty { duty: code("reader"), valid: valid("2021-01-01", "2021-06-30") }],
    }
}

pub(crate) fn item(number: u32, title: &str) -> LoanItem {
    LoanItem { item: number, title: title.into(), copies: pieces(1), deposit: Some(euro(250)) }
}

pub(crate) fn loan(member: Ref<Member>, due: &str) -> Loan {
    Loan {
        header: LoanHeader { member, due: day(due), remark: None },
        reminder: None,
        items: vec![item(1, "Emma"), item(2, "Dubliners"), item(3, "Walden")],
        returns: vec![
            LoanReturn { item: 1, part: 1, copies: pieces(1) },
            LoanReturn { item: 2, part: 1, copies: pieces(1) },
        ],
    }
}
