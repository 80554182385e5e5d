//! Users at work. Each turns orders into money, step by step, every request under a key of its own,
//! and asks with the same key until it is answered; so what it holds is exactly what must be there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::call::{Answer, Request, get};
use crate::dice::Dice;
use crate::front::Front;

/// How long a user asks before it gives the service up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it waits before it asks again.
const PAUSE: Duration = Duration::from_millis(10);

/// What a request makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    Partner,
    Order,
    Delivery,
    GoodsIssue,
    Invoice,
}

/// A request that was answered.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) request: Request,
    pub(crate) answer: Answer,
    pub(crate) made: Made,
    /// The object that was made; of a goods issue, its delivery.
    pub(crate) id: String,
}

/// What a user makes of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// It can't be just now: ask again.
    AskAgain,
    /// It is not to be, and was not done: begin something else.
    GiveUp,
    /// No user may be told that.
    Complain,
}

/// What users make of refusals while a fault lasts.
pub(crate) type React<'a> = &'a (dyn Fn(&Answer) -> Reaction + Sync);

/// What is traded.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    customers: Vec<String>,
    products: Vec<String>,
}

impl Catalogue {
    /// Some of the master data.
    pub(crate) fn of(front: &Front) -> Self {
        let address = front.address(0).expect("a server");
        let ids = |object: &str, prefix: &str| -> Vec<String> {
            let path = format!("/api/v1/{object}?limit=20");
            let list = get(&address, &front.token, &path).expect("an answer").json();
            let items = list["items"].as_array().expect("a list").iter();
            let own = |item: &&Value| item["number"].as_str().unwrap().starts_with(prefix);
            items.filter(own).map(|item| item["id"].as_str().unwrap().to_string()).collect()
        };
        Self { customers: ids("business_partner", "BC"), products: ids("product", "BP") }
    }
}

/// Where a user stands in the chain.
#[derive(Clone, Debug)]
enum Next {
    Order,
    Delivery { order: String },
    GoodsIssue { delivery: String },
    Invoice { delivery: String },
}

/// A user.
pub(crate) struct User {
    name: String,
    dice: Dice,
    catalogue: Catalogue,
    next: Next,
    requests: usize,
    /// What it was told, in that order.
    pub(crate) heard: Vec<Heard>,
}

impl User {
    pub(crate) fn new(name: String, dice: Dice, catalogue: Catalogue) -> Self {
        Self { name, dice, catalogue, next: Next::Order, requests: 0, heard: Vec::new() }
    }

    /// Works until it is told to stop; what it asked last is answered then.
    ///
    /// # Errors
    ///
    /// What no user may be told, or that nobody answers.
    pub(crate) fn work(
        &mut self,
        front: &Front,
        react: React<'_>,
        stop: &AtomicBool,
    ) -> Result<(), String> {
        while !stop.load(Ordering::SeqCst) {
            self.step(front, react)?;
        }
        Ok(())
    }

    /// Gets one step done.
    ///
    /// # Errors
    ///
    /// As [`Self::work`].
    pub(crate) fn step(&mut self, front: &Front, react: React<'_>) -> Result<(), String> {
        let (made, request) = self.request();
        match self.insist(front, react, &request)? {
            Some(answer) => self.note(made, request, answer),
            None => self.next = Next::Order,
        }
        Ok(())
    }

    /// The next request.
    pub(crate) fn request(&mut self) -> (Made, Request) {
        let (made, path, body) = match self.next.clone() {
            Next::Order if self.dice.u8(..8) == 0 => {
                (Made::Partner, "business_partner".to_string(), self.partner())
            }
            Next::Order => (Made::Order, "sales_document".to_string(), self.order()),
            Next::Delivery { order } => {
                (Made::Delivery, format!("sales_document/{order}/deliver"), json!({}))
            }
            Next::GoodsIssue { delivery } => {
                (Made::GoodsIssue, format!("delivery/{delivery}/post_goods_issue"), json!({}))
            }
            Next::Invoice { delivery } => {
                (Made::Invoice, format!("delivery/{delivery}/bill"), json!({}))
            }
        };
        self.requests += 1;
        let key = format!("{}-{}", self.name, self.requests);
        (made, Request { path: format!("/api/v1/{path}"), key, body: body.to_string() })
    }

    /// Notes the success of a request, and goes on to the next step.
    pub(crate) fn note(&mut self, made: Made, request: Request, answer: Answer) {
        let body = answer.json();
        let object = if made == Made::Invoice { &body["documents"][0] } else { &body };
        let id = object["id"].as_str().unwrap_or_else(|| panic!("an id in {body}")).to_string();
        self.next = match made {
            Made::Partner | Made::Invoice => Next::Order,
            Made::Order => Next::Delivery { order: id.clone() },
            Made::Delivery => Next::GoodsIssue { delivery: id.clone() },
            Made::GoodsIssue => Next::Invoice { delivery: id.clone() },
        };
        self.heard.push(Heard { request, answer, made, id });
    }

    /// Asks one server after the other until one answers; none where it gives up.
    fn insist(
        &mut self,
        front: &Front,
        react: React<'_>,
        request: &Request,
    ) -> Result<Option<Answer>, String> {
        let (start, first) = (Instant::now(), self.dice.usize(..64));
        let mut last = None;
        for attempt in first.. {
            // Where nobody answers, what became of the request is not known: with the key it is
            // safe to ask again.
            if let Some(answer) = front.call(attempt, request) {
                if answer.is_success() {
                    return Ok(Some(answer));
                }
                match react(&answer) {
                    Reaction::AskAgain => last = Some(answer),
                    Reaction::GiveUp => return Ok(None),
                    Reaction::Complain => {
                        return Err(format!("{request:?} is answered {answer:?}"));
                    }
                }
            }
            if start.elapsed() > PATIENCE {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        Err(format!("nobody answers {request:?}; last was {last:?}"))
    }

    fn order(&mut self) -> Value {
        let items: Vec<Value> = (0..self.dice.usize(1..=3))
            .map(|_| {
                let product = self.dice.choice(&self.catalogue.products).expect("products");
                let quantity = self.dice.u32(1..=9).to_string();
                json!({ "product": product, "quantity": { "value": quantity, "unit": "PC" } })
            })
            .collect();
        let customer = self.dice.choice(&self.catalogue.customers).expect("customers");
        json!({
            "header": {
                "document_type": "OR",
                "sold_to": customer,
                "sales_organisation": "1000",
                "distribution_channel": "10",
                "division": "00",
            },
            "items": items,
        })
    }

    fn partner(&self) -> Value {
        json!({ "general": {
            "category": "organisation",
            "name": format!("Newcomer {} of {}", self.requests, self.name),
            "country": "DE",
            "language": "en",
            "tax_classification": "full",
        }})
    }
}
