//! The office: who acts when, and how verbs are called.

use serde_json::Value;
use tessera_kernel::{
    Actor, Code, Database, Date, Fault, FixedClock, Instant, Object, ObjectId, Problem,
    ProblemKind, Ref, Source, Tx, date_from_days, date_to_days,
};

use crate::DemoError;
use crate::company::{HOUSES, House};
use crate::dice::Dice;

/// First minute of the day at which anybody works, in UTC: morning in Europe, and the same day in
/// America.
const OPENS: i64 = 7 * 60;
/// Minutes in which they work.
const OPEN_FOR: i64 = 10 * 60;

/// The office on a day.
pub(crate) struct Office<'d> {
    db: &'d Database,
    clock: &'d FixedClock,
    pub(crate) today: Date,
    /// What is done on the day, to spread it over the hours.
    done: i64,
    pub(crate) dice: Dice,
}

/// The day so many days after another.
pub(crate) fn plus(day: Date, days: i64) -> Date {
    let days = i32::try_from(days).unwrap_or(0);
    date_from_days(date_to_days(day) + days).unwrap_or(day)
}

/// The id in an answer.
pub(crate) fn id_in<T>(answer: &Value) -> Option<Ref<T>> {
    let id: ObjectId = answer["id"].as_str()?.parse().ok()?;
    Some(Ref::new(id))
}

impl<'d> Office<'d> {
    pub(crate) fn new(db: &'d Database, clock: &'d FixedClock, first: Date) -> Self {
        let mut office = Self { db, clock, today: first, done: 0, dice: Dice::new(2_024) };
        office.open(first);
        office
    }

    /// The morning of a day.
    pub(crate) fn open(&mut self, day: Date) {
        (self.today, self.done) = (day, 0);
        self.tick();
    }

    /// Time passes with every deed, faster in the morning.
    fn tick(&mut self) {
        self.done += 1;
        let seconds = OPEN_FOR * 60 * self.done / (self.done + 120);
        let midnight = i64::from(date_to_days(self.today)) * 86_400;
        let now = (midnight + OPENS * 60 + seconds) * 1_000_000;
        self.clock.set(Instant::from_micros(now));
    }

    /// Runs a command of somebody of a house.
    pub(crate) fn run<R: Send + 'static>(
        &mut self,
        house: &House,
        mut run: impl FnMut(&mut Tx<'_>) -> Result<R, Problem> + Send + 'static,
    ) -> Result<R, Problem> {
        self.tick();
        let clerk = *self.dice.pick(&house.clerks);
        let actor = Actor::user(clerk, Source::Session, true);
        self.db.command(&actor, move |tx| run(tx))
    }

    /// Reads.
    pub(crate) fn read<R>(
        &self,
        run: impl FnOnce(&mut Tx<'_>) -> Result<R, Problem>,
    ) -> Result<R, Problem> {
        self.db.read(&Actor::system(Source::System), run)
    }

    /// Makes an object.
    pub(crate) fn create(
        &mut self,
        house: &House,
        object: &'static str,
        body: Value,
    ) -> Result<ObjectId, Problem> {
        self.run(house, move |tx| {
            let create = tx.environment().registry.object(object).and_then(|entry| entry.create);
            let create = create.ok_or_else(|| missing(object, "create"))?;
            create(tx, &body)
        })
    }

    /// Changes an object.
    pub(crate) fn change<T: Object>(
        &mut self,
        house: &House,
        id: Ref<T>,
        body: Value,
    ) -> Result<(), Problem> {
        self.run(house, move |tx| {
            let change = tx.environment().registry.object(T::NAME).and_then(|entry| entry.change);
            let change = change.ok_or_else(|| missing(T::NAME, "change"))?;
            change(tx, id.id(), None, &body)
        })
    }

    /// An action of an object.
    pub(crate) fn act<T: Object>(
        &mut self,
        house: &House,
        id: Ref<T>,
        name: &'static str,
        body: Value,
    ) -> Result<Value, Problem> {
        self.run(house, move |tx| {
            let action = tx.environment().registry.action(T::NAME, name).copied();
            let action = action.ok_or_else(|| missing(T::NAME, name))?;
            (action.run)(tx, id.id(), &body)
        })
    }

    /// An action of an object type.
    pub(crate) fn act_on_all<T: Object>(
        &mut self,
        house: &House,
        name: &'static str,
        body: Value,
    ) -> Result<Value, Problem> {
        let nothing = ObjectId(Default::default());
        self.act::<T>(house, Ref::new(nothing), name, body)
    }

    /// What the demo company takes for granted: a refusal ends its making.
    pub(crate) fn expect<R>(
        &self,
        what: impl FnOnce() -> String,
        outcome: Result<R, Problem>,
    ) -> Result<R, DemoError> {
        outcome.map_err(|problem| DemoError::Refused {
            what: format!("{} on {}", what(), self.today),
            problem,
        })
    }

    /// What may be refused by a rule of business; a failure of the program may not.
    pub(crate) fn attempt<R>(
        &self,
        what: &str,
        outcome: Result<R, Problem>,
    ) -> Result<Option<R>, DemoError> {
        match outcome {
            Ok(done) => Ok(Some(done)),
            Err(problem) if problem.kind == ProblemKind::Conflict => Ok(None),
            Err(problem) => self.expect(|| what.to_string(), Err(problem)),
        }
    }
}

fn missing(object: &str, name: &str) -> Problem {
    Fault::corrupt(format!("{object} has no verb {name}")).into()
}

/// The house of a code.
pub(crate) fn house(code: Code) -> &'static House {
    HOUSES.iter().find(|house| house.code == code).unwrap_or(&HOUSES[0])
}
