//! What modules offer: the table of contents from which API, documentation, verification and
//! event delivery are made.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{
    Actor, Balance, CompositeDef, Database, EventDef, Fault, NumberRange, Object, ObjectDef,
    ObjectId, Problem, ProblemKind, Ref, Stored, Subscriber, TableDef, Tx, json,
    problem::with_article,
};

/// One rule of a verb, in the order in which rules run.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Name.
    pub name: &'static str,
    /// What it demands or does, in a sentence.
    pub help: &'static str,
}

/// What a verb works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionTarget {
    /// One object: `POST /api/v1/{object}/{id}/{action}`.
    Object,
    /// The collection: `POST /api/v1/{object}/{action}`.
    Collection,
}

/// What a verb answers, for the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A JSON object that only its help describes: a report.
    Report,
    /// An object of this type.
    Object(&'static str),
    /// Id, number and version of what was made or changed.
    Head,
    /// A member with an object of this type.
    Member(&'static str, &'static str),
    /// A member with objects of this type.
    Members(&'static str, &'static str),
}

/// Runs an action: the target (nil for a collection) and the JSON input; answers JSON.
pub type RunAction = fn(&mut Tx<'_>, ObjectId, &Value) -> Result<Value, Problem>;

/// Does what an action needs and what can't be done within its command, before it: on a thread that may wait,
/// under the rights of whoever calls.
pub type Prepare = fn(&Database, &Actor, ObjectId) -> Result<(), Problem>;

/// A business verb of the API.
#[derive(Clone, Copy)]
pub struct Action {
    /// Object type.
    pub object: &'static str,
    /// Name, snake case: the last part of the path.
    pub name: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Target.
    pub target: ActionTarget,
    /// Definition of the input.
    pub input: fn() -> &'static CompositeDef,
    /// The rules, in order.
    pub rules: &'static [Rule],
    /// Only reads: it runs on a snapshot, beside the commands.
    pub reads: bool,
    /// The right that it needs: object type and what is done to it. The verb itself demands the
    /// same; whoever calls it from outside demands it before anything is told of the object.
    pub right: (&'static str, &'static str),
    /// The member of its answer that is a secret: told this once and kept nowhere.
    pub secret: Option<&'static str>,
    /// What it answers.
    pub answer: Answer,
    /// Runs before it. Such an action is answered when every process of the installation goes by it.
    pub prepare: Option<Prepare>,
    /// The fields, each as object type, part and field, that a report tells besides what it shows as objects. None: it
    /// may tell any field of its object types, so whoever is not shown all of them does not get it.
    pub tells: Option<&'static [(&'static str, &'static str, &'static str)]>,
    /// Runs it.
    pub run: RunAction,
}

impl Action {
    /// A verb of one object.
    pub const fn on_object(
        object: &'static str,
        name: &'static str,
        help: &'static str,
        input: fn() -> &'static CompositeDef,
        rules: &'static [Rule],
        run: RunAction,
    ) -> Self {
        let (target, right) = (ActionTarget::Object, (object, name));
        let (secret, answer, reads, tells, prepare) = (None, Answer::Report, false, None, None);
        Self {
            object,
            name,
            help,
            target,
            input,
            rules,
            reads,
            right,
            secret,
            answer,
            prepare,
            tells,
            run,
        }
    }

    /// A verb of the collection.
    pub const fn on_collection(
        object: &'static str,
        name: &'static str,
        help: &'static str,
        input: fn() -> &'static CompositeDef,
        rules: &'static [Rule],
        run: RunAction,
    ) -> Self {
        let of_object = Self::on_object(object, name, help, input, rules, run);
        Self { target: ActionTarget::Collection, ..of_object }
    }

    /// The same as a verb that only reads.
    #[must_use]
    pub const fn reading(self) -> Self {
        Self { reads: true, ..self }
    }

    /// The same with the right to do something else than its name says.
    #[must_use]
    pub const fn with_right(self, object: &'static str, action: &'static str) -> Self {
        Self { right: (object, action), ..self }
    }

    /// The same with its answer described.
    #[must_use]
    pub const fn answering(self, answer: Answer) -> Self {
        Self { answer, ..self }
    }

    /// The same with something to be done before it.
    #[must_use]
    pub const fn preparing(self, prepare: Prepare) -> Self {
        Self { prepare: Some(prepare), ..self }
    }

    /// The same with a secret in its answer.
    #[must_use]
    pub const fn telling(self, secret: &'static str) -> Self {
        Self { secret: Some(secret), ..self }
    }

    /// The same as a report that tells these fields and no others.
    #[must_use]
    pub const fn telling_only(
        self,
        fields: &'static [(&'static str, &'static str, &'static str)],
    ) -> Self {
        Self { tells: Some(fields), ..self }
    }

    /// Refuses an actor who may not do it.
    pub fn permit(&self, actor: &Actor) -> Result<(), Problem> {
        actor.require(self.right.0, self.right.1)
    }
}

/// Makes an object from JSON and answers its id.
pub type CreateObject = fn(&mut Tx<'_>, &Value) -> Result<ObjectId, Problem>;
/// Changes an object from JSON: id, version that the caller saw (if any), body.
pub type ChangeObject = fn(&mut Tx<'_>, ObjectId, Option<i64>, &Value) -> Result<(), Problem>;

/// An object type with its generic surfaces.
#[derive(Clone, Copy)]
pub struct ObjectEntry {
    /// Definition.
    pub def: fn() -> &'static ObjectDef,
    /// The object as JSON.
    pub get: fn(&mut Tx<'_>, ObjectId) -> Result<Value, Problem>,
    /// Makes one; absent where only verbs do.
    pub create: Option<CreateObject>,
    /// Definition of the input of `create`, where it is not the object with a `number` that may be
    /// given from outside.
    pub create_input: Option<fn() -> &'static CompositeDef>,
    /// Changes one; absent where only verbs do.
    pub change: Option<ChangeObject>,
    /// Definition of the input of `change`, where it is not the object itself.
    pub change_input: Option<fn() -> &'static CompositeDef>,
    /// Deletes one; absent for what is never deleted.
    pub delete: Option<ChangeObject>,
    /// Rules of `create` and of `change`, in the order in which they run.
    pub rules: (&'static [Rule], &'static [Rule]),
}

/// Rules of master data, run after the field rules, before a save.
pub trait Checked: Object {
    /// Refuses contradictions within the object and with customizing.
    fn check(&self, tx: &mut Tx<'_>) -> Result<(), Problem>;

    /// Number given in the body (`number`), if the type takes numbers from outside.
    fn number(&self, given: Option<String>) -> Option<String> {
        given
    }
}

impl ObjectEntry {
    /// An object type that is only read through the generic API; verbs make and change it.
    pub const fn document<T: Object>() -> Self {
        Self {
            def: T::def,
            get: get::<T>,
            create: None,
            create_input: None,
            change: None,
            change_input: None,
            delete: None,
            rules: (&[], &[]),
        }
    }

    /// Master data: made, changed and deleted by segments.
    pub const fn master_data<T: Checked>() -> Self {
        Self {
            def: T::def,
            get: get::<T>,
            create: Some(create::<T>),
            create_input: None,
            change: Some(change::<T>),
            change_input: None,
            delete: None,
            rules: (&[], &[]),
        }
    }

    /// The same, with deletion.
    #[must_use]
    pub const fn deletable<T: Checked>(self) -> Self {
        Self { delete: Some(delete::<T>), ..self }
    }
}

fn get<T: Object>(tx: &mut Tx<'_>, id: ObjectId) -> Result<Value, Problem> {
    let stored: Stored<T> = tx.load(Ref::new(id))?;
    let mut value = json::stored_to_json(&stored)?;
    tx.add_custom(T::NAME, id, &mut value)?;
    Ok(value)
}

fn create<T: Checked>(tx: &mut Tx<'_>, body: &Value) -> Result<ObjectId, Problem> {
    tx.actor().require(T::NAME, "create")?;
    let (number, body) = json::split_number(body)?;
    let value: T = json::parse(&body)?;
    tx.check_references(&value)?;
    value.check(tx)?;
    let stored = match value.number(number) {
        Some(number) => tx.insert_numbered(value, Some(number))?,
        None => tx.insert(value)?,
    };
    Ok(stored.head.id)
}

fn change<T: Checked>(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    body: &Value,
) -> Result<(), Problem> {
    tx.actor().require(T::NAME, "change")?;
    let mut stored: Stored<T> = tx.load(Ref::new(id))?;
    // An object that is sent back as a whole names the version that it was read at.
    if let Some(version) = version.or_else(|| body["version"].as_i64()) {
        tx.expect_version(&stored, version)?;
    }
    stored.value = json::patch(&stored, body)?;
    tx.check_references(&stored.value)?;
    stored.value.check(tx)?;
    let before = stored.head.version;
    if tx.save(&mut stored)? {
        let rules: Vec<_> = tx.environment().registry.change_rules(T::NAME).copied().collect();
        for rule in rules {
            (rule.run)(tx, Saved { id, before, body })?;
        }
    }
    Ok(())
}

fn delete<T: Checked>(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    _body: &Value,
) -> Result<(), Problem> {
    tx.actor().require(T::NAME, "delete")?;
    let stored: Stored<T> = tx.load(Ref::new(id))?;
    if let Some(version) = version {
        tx.expect_version(&stored, version)?;
    }
    if let Some(other) = tx.referrer(T::def(), id)? {
        let what = T::NAME.replace('_', " ");
        let other = with_article(&other.replace('_', " "));
        let detail = format!("this {what} can't be deleted: {other} refers to it");
        return Err(Problem::new(ProblemKind::Conflict, format!("{}.in_use", T::NAME), detail));
    }
    Ok(tx.delete(&stored)?)
}

/// What a check of stored aggregates found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Differences, one sentence each.
    pub differences: Vec<String>,
    /// Figures compared, by check.
    pub compared: Map<String, Value>,
}

impl Findings {
    /// Notes a difference.
    pub fn differs(&mut self, what: impl Into<String>) {
        self.differences.push(what.into());
    }

    /// Notes how many figures a check compared.
    pub fn compared(&mut self, check: &str, figures: usize) {
        self.compared.insert(check.to_string(), figures.into());
    }
}

/// A change of an object that was just saved.
#[derive(Clone, Copy, Debug)]
pub struct Saved<'a> {
    /// The object.
    pub id: ObjectId,
    /// The version that it had before.
    pub before: i64,
    /// The input, by which findings name their fields.
    pub body: &'a Value,
}

/// A rule of a module on changes of master data that a module below it owns. It runs in the command
/// of the change, after it was saved: what it refuses leaves no trace.
#[derive(Clone, Copy)]
pub struct ChangeRule {
    /// Object type.
    pub object: &'static str,
    /// What it demands.
    pub rule: Rule,
    /// Refuses.
    pub run: fn(&mut Tx<'_>, Saved<'_>) -> Result<(), Problem>,
}

/// Recomputes a stored aggregate from the documents beneath it.
#[derive(Clone, Copy)]
pub struct Check {
    /// Name, like `stock`.
    pub name: &'static str,
    /// Compares.
    pub run: fn(&mut Tx<'_>, &mut Findings) -> Result<(), Fault>,
}

/// What there is to be allowed of every object type.
const GENERIC_RIGHTS: [&str; 7] =
    ["read", "create", "change", "delete", "export", "mass_change", "assign"];

/// A module's table of contents.
#[derive(Clone, Default)]
pub struct Module {
    /// Name.
    pub name: &'static str,
    /// The team that owns it.
    pub owner: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// Object types.
    pub objects: Vec<ObjectEntry>,
    /// Verbs.
    pub actions: Vec<Action>,
    /// Balances.
    pub balances: Vec<&'static Balance>,
    /// Further tables.
    pub tables: Vec<&'static TableDef>,
    /// Checks of `verify`.
    pub checks: Vec<Check>,
    /// Events that it tells.
    pub events: &'static [EventDef],
    /// Rights, by object type and action, besides those of the verbs.
    pub rights: &'static [(&'static str, &'static str)],
    /// Rules on changes of master data of modules below.
    pub change_rules: Vec<ChangeRule>,
    /// Reactions to events.
    pub subscribers: Vec<Subscriber>,
    /// Number ranges that customizing must define.
    pub number_ranges: Vec<&'static str>,
    /// Catalogues whose entries name, in `number_range`, a range of numbers that are not legal: each of documents
    /// of one type, so no number is in two of them.
    pub other_numbers: Vec<&'static str>,
    /// Catalogues whose entries name, in `number_range`, a range of legal numbers: drawn in a
    /// series each, without gaps.
    pub legal_numbers: Vec<&'static str>,
}

/// The modules of a program.
#[derive(Clone, Default)]
pub struct Registry {
    modules: Vec<Module>,
}

impl Registry {
    /// Takes the modules, lower ones first.
    pub fn new(modules: Vec<Module>) -> Self {
        Self { modules }
    }

    /// The modules.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// Every object type.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectEntry> {
        self.modules.iter().flat_map(|module| &module.objects)
    }

    /// An object type by name.
    pub fn object(&self, name: &str) -> Option<&ObjectEntry> {
        self.objects().find(|entry| (entry.def)().name == name)
    }

    /// Every verb.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.modules.iter().flat_map(|module| &module.actions)
    }

    /// A verb by object type and name.
    pub fn action(&self, object: &str, name: &str) -> Option<&Action> {
        self.actions().find(|action| action.object == object && action.name == name)
    }

    /// What there is to be allowed of an object type: its generic surfaces, and its verbs.
    pub fn rights(&self, object: &str) -> BTreeSet<&'static str> {
        let mut rights = BTreeSet::from(GENERIC_RIGHTS);
        let verbs = self.actions().map(|action| action.right);
        let others = self.modules.iter().flat_map(|module| module.rights.iter().copied());
        rights
            .extend(verbs.chain(others).filter(|(own, _)| *own == object).map(|(_, right)| right));
        rights
    }

    /// Every check.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.modules.iter().flat_map(|module| &module.checks)
    }

    /// Every event that modules tell.
    pub fn events(&self) -> impl Iterator<Item = &'static EventDef> {
        self.modules.iter().flat_map(|module| module.events)
    }

    /// The rules of modules above on changes of an object type.
    pub fn change_rules(&self, object: &str) -> impl Iterator<Item = &ChangeRule> {
        let rules = self.modules.iter().flat_map(|module| &module.change_rules);
        rules.filter(move |rule| rule.object == object)
    }

    /// Every subscriber.
    pub fn subscribers(&self) -> impl Iterator<Item = &Subscriber> {
        self.modules.iter().flat_map(|module| &module.subscribers)
    }

    /// Every table of every module; a table that several object types share comes several times.
    pub fn tables(&self) -> impl Iterator<Item = &'static TableDef> {
        self.modules.iter().flat_map(|module| {
            let objects = module.objects.iter().flat_map(|entry| (entry.def)().tables());
            let balances = module.balances.iter().map(|balance| balance.table());
            objects.chain(balances).chain(module.tables.iter().copied()).collect::<Vec<_>>()
        })
    }

    /// Number ranges that customizing must define.
    pub fn number_ranges(&self) -> impl Iterator<Item = &'static str> {
        self.modules.iter().flat_map(|module| module.number_ranges.iter().copied())
    }

    /// Catalogues whose entries name a range of legal numbers.
    pub fn legal_numbers(&self) -> impl Iterator<Item = &'static str> {
        self.modules.iter().flat_map(|module| module.legal_numbers.iter().copied())
    }

    /// Catalogues whose entries name a range of numbers, each of documents of one type.
    pub fn numbers(&self) -> impl Iterator<Item = &'static str> {
        let others = self.modules.iter().flat_map(|module| module.other_numbers.iter().copied());
        others.chain(self.legal_numbers())
    }

    /// Whether customizing defines what the modules need; answers the first lack.
    pub fn check_numbering<'r>(
        &self,
        mut ranges: impl Iterator<Item = &'r NumberRange> + Clone,
    ) -> Result<(), String> {
        for name in self.number_ranges() {
            if !ranges.clone().any(|range| range.name == name) {
                return Err(format!("the number range `{name}` is not defined"));
            }
        }
        match ranges.find(|range| range.from > range.to) {
            Some(range) => Err(format!("the number range `{}` is empty", range.name)),
            None => Ok(()),
        }
    }
}
