//! Customers of the demo company.

use serde_json::{Value, json};
use tessera_kernel::{Code, Currency, Ref};
use tessera_partner::BusinessPartner;

use crate::company::{HOUSES, House};
use crate::dice::Dice;
use crate::office::Office;
use crate::places::{Country, MARKETS};
use crate::{DemoError, Plan, people};

/// How a customer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// As soon as there is a cash discount to be had, else on the day.
    Early,
    /// About the day on which it is due.
    Punctual,
    /// Weeks later.
    Late,
    /// After reminders, or never.
    Never,
}

/// A customer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Customer {
    pub(crate) id: Ref<BusinessPartner>,
    pub(crate) house: &'static House,
    pub(crate) channel: Code,
    pub(crate) currency: Currency,
    pub(crate) payer: Ref<BusinessPartner>,
    pub(crate) habit: Habit,
    /// Gets one invoice a week.
    pub(crate) collective: bool,
    /// Is blocked for new documents in the end.
    pub(crate) blocked: bool,
}

/// Makes the customers, house by house in the proportion 5 : 3 : 2.
pub(crate) fn make(office: &mut Office<'_>, plan: &Plan) -> Result<Vec<Customer>, DemoError> {
    let mut customers: Vec<Customer> = Vec::with_capacity(plan.customers);
    let mut names = std::collections::BTreeSet::new();
    for (position, house) in HOUSES.iter().enumerate() {
        let count = plan.customers * [5, 3, 2][position] / 10;
        let first = customers.len();
        for number in 0..count {
            let mut dice = Dice::new(u64::try_from(position * 1_000 + number).unwrap_or(0));
            let country = country(&mut dice, position);
            let person = dice.percent(8);
            let head = (!person && number > 20 && dice.percent(12))
                .then(|| customers[first + dice.position(20)]);
            let (name, industry) = loop {
                let (name, industry) = match person {
                    true => (people::person(&mut dice), "T"),
                    false => people::company(&mut dice, country),
                };
                if names.insert(name.clone()) {
                    break (name, industry);
                }
            };
            let form = Form { house, country, name, industry, person, number, head };
            customers.push(form.make(office, &mut dice)?);
        }
    }
    Ok(customers)
}

fn country(dice: &mut Dice, house: usize) -> &'static Country {
    let market = MARKETS[house];
    let mut left = dice.below(market.iter().map(|(share, _)| share).sum());
    for (share, country) in market {
        if left < *share {
            return country;
        }
        left -= share;
    }
    &market[0].1
}

/// What is known of a customer that is being made.
struct Form {
    house: &'static House,
    country: &'static Country,
    name: String,
    industry: &'static str,
    person: bool,
    number: usize,
    /// Head office that pays for it.
    head: Option<Customer>,
}

impl Form {
    fn make(&self, office: &mut Office<'_>, dice: &mut Dice) -> Result<Customer, DemoError> {
        let currency = self.country.currency_at(self.house.currency);
        let currency = self.head.map_or(currency, |head| head.currency);
        let channel = if self.person { "20" } else { "10" };
        let habit = match dice.below(100) {
            0..30 => Habit::Early,
            30..70 => Habit::Punctual,
            70..95 => Habit::Late,
            _ => Habit::Never,
        };
        let blocked = self.number > 10 && dice.percent(3);
        let body = json!({
            "general": {
                "category": if self.person { "person" } else { "organisation" },
                "name": self.name, "language": self.country.language,
                "country": self.country.code, "industry": self.industry,
                "tax_classification": if dice.percent(3) { "exempt" } else { "full" },
                "search_term": search_term(&self.name),
            },
            "roles": [{ "role": "customer" }],
            "addresses": self.addresses(dice),
            "contact_points": self.contact_points(dice),
            "sales_areas": [self.sales_area(dice, channel, currency)],
            "function_defaults": self.function_defaults(channel),
            "credit": [self.credit(dice, habit)],
        });
        let made = office.create(self.house, "business_partner", body);
        let id = Ref::new(office.expect(|| format!("customer {}", self.name), made)?);
        Ok(Customer {
            id,
            house: self.house,
            channel: Code::parse(channel).unwrap_or(self.house.code),
            currency,
            payer: self.head.map_or(id, |head| head.payer),
            habit,
            collective: !self.person && dice.percent(15),
            blocked,
        })
    }

    fn address(&self, dice: &mut Dice, kind: &str) -> Value {
        let (city, postal) = *dice.pick(self.country.towns);
        let digits = 5_usize.saturating_sub(postal.chars().count()).max(1);
        let rest = dice.below(10_u64.pow(u32::try_from(digits).unwrap_or(1)));
        let (city, region) = city.split_once(", ").map_or((city, None), |(c, r)| (c, Some(r)));
        json!({
            "kind": kind, "street": dice.pick(self.country.streets),
            "house_number": dice.between(1, 140).to_string(),
            "postal_code": format!("{postal}{rest:0digits$}"),
            "city": city, "region": region, "country": self.country.code,
        })
    }

    fn addresses(&self, dice: &mut Dice) -> Value {
        let mut addresses = vec![self.address(dice, "main")];
        if !self.person && dice.percent(30) {
            addresses.push(self.address(dice, "delivery"));
        }
        if !self.person && dice.percent(10) {
            addresses.push(self.address(dice, "billing"));
        }
        addresses.into()
    }

    fn contact_points(&self, dice: &mut Dice) -> Value {
        let prefix = match self.house.country {
            "DE" => "+49",
            "GB" => "+44",
            _ => "+1",
        };
        // Names under `example` belong to nobody (RFC 2606).
        let host =
            format!("customer{}.{}.example", self.number + 1, self.house.country.to_lowercase());
        json!([
            { "kind": "phone", "number": 1,
                "value": format!("{prefix} {} {}", dice.between(200, 899), dice.between(100_000, 999_999)) },
            { "kind": "email", "number": 1, "value": format!("purchasing@{host}") },
            { "kind": "web", "number": 1, "value": format!("https://www.{host}") },
        ])
    }

    fn sales_area(&self, dice: &mut Dice, channel: &str, currency: Currency) -> Value {
        let terms = match self.person {
            true => "N14",
            false => *dice.pick(&["D10N30", "D10N30", "N30", "N30", "N30", "N14", "N60"]),
        };
        let group = match (self.person, self.industry) {
            (true, _) => "consumer",
            (_, "G" | "N") => "trade",
            _ => "industry",
        };
        let foreign = self.country.code != self.house.country;
        json!({
            "sales_organisation": self.house.code.as_str(), "distribution_channel": channel,
            "division": "00", "valid": { "from": "2010-01-01", "to": "9999-12-31" },
            "currency": currency.code(), "customer_group": group,
            "price_group": if self.number < 20 { "A" } else { *dice.pick(&["B", "C", "C"]) },
            "price_list": if group == "trade" { json!("wholesale") } else { Value::Null },
            "payment_terms": terms,
            "incoterms": if foreign { json!(*dice.pick(&["DAP", "FCA", "EXW"])) } else { Value::Null },
            "shipping_condition": *dice.pick(&["STANDARD", "STANDARD", "STANDARD", "EXPRESS", "PICKUP"]),
            "delivery_priority": if self.number < 20 { 1 } else { 2 },
            "complete_delivery": dice.percent(6),
            "account_assignment_group": if foreign { "02" } else { "01" },
        })
    }

    fn function_defaults(&self, channel: &str) -> Value {
        let Some(head) = self.head else { return json!([]) };
        let function = |function: &str| {
            json!({ "sales_organisation": self.house.code.as_str(),
                "distribution_channel": channel, "division": "00", "function": function,
                "number": 1, "partner": head.payer.to_string() })
        };
        ["BP", "PY"].map(function).to_vec().into()
    }

    /// Large limits for the first customers, who order most.
    fn credit(&self, dice: &mut Dice, habit: Habit) -> Value {
        let thousands = match self.number {
            0..8 => dice.between(180, 400),
            8..40 => dice.between(60, 160),
            _ if self.person => dice.between(2, 5),
            _ => dice.between(12, 60),
        };
        let risk = match habit {
            Habit::Early | Habit::Punctual => "LOW",
            Habit::Late => "MEDIUM",
            Habit::Never => "HIGH",
        };
        json!({ "credit_control_area": self.house.code.as_str(), "risk_category": risk,
            "limit": { "amount": format!("{thousands}000.00"),
                "currency": self.house.currency.code() } })
    }
}

/// The first word of a name that is not small.
fn search_term(name: &str) -> String {
    let words = name.split_whitespace().map(str::to_uppercase);
    words.max_by_key(String::len).unwrap_or_default().chars().take(40).collect()
}
