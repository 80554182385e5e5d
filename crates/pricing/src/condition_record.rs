//! Condition records: prices, discounts, freight and tax rates as master data.

use serde_json::Value;
use tessera_kernel::{
    ChangeObject, Code, Composite as _, CreateObject, Date, Decimal, Fault, FieldProblem, Object,
    ObjectEntry, ObjectId, Problem, ProblemKind, Ref, Stored, TimeConstraint, Tx, json, put_timed,
};

use crate::{
    ConditionKey, ConditionKeyField, ConditionRate, ConditionScale, KeyField, KeyFields,
    PricingError, PricingSettings, record_rules, record_units,
};

/// The rates of one condition type for one combination of key fields.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "condition_record", cached, shared)]
pub struct ConditionRecord {
    /// What it is for.
    pub key: ConditionKey,
    /// Values of the key fields.
    pub key_fields: Vec<ConditionKeyField>,
    /// Rates by validity.
    pub rates: Vec<ConditionRate>,
    /// Lines of the scales.
    pub scales: Vec<ConditionScale>,
}

/// A line of a scale as it is given: threshold and rate.
pub type ScaleLine = (Decimal, Decimal);

/// What a record says about a day.
pub(crate) enum RateOn<'r> {
    /// Nothing.
    NotValid,
    /// It was taken back.
    Deleted,
    /// A rate.
    Rate(&'r ConditionRate),
}

impl ConditionRecord {
    /// A record without rates, key and lookup complete.
    pub(crate) fn new(
        settings: &PricingSettings,
        condition_type: Code,
        condition_table: Code,
        fields: &KeyFields,
    ) -> Result<Self, PricingError> {
        let table = settings.table(condition_table)?;
        let lookup = settings.lookup(condition_type, condition_table, fields)?;
        let anchor = settings.anchor(condition_type, condition_table, fields)?;
        let mut key_fields: Vec<ConditionKeyField> = Vec::with_capacity(table.fields.len());
        for field in &table.fields {
            let value = fields.get(*field).map(|value| value.to_string()).unwrap_or_default();
            key_fields.push(ConditionKeyField { field: *field, value });
        }
        Ok(Self {
            key: ConditionKey { condition_type, condition_table, lookup, anchor },
            key_fields,
            rates: Vec::new(),
            scales: Vec::new(),
        })
    }

    /// The rate of a day.
    pub(crate) fn rate_on(&self, day: Date) -> RateOn<'_> {
        match self.rates.iter().rev().find(|rate| rate.valid.contains(day)) {
            None => RateOn::NotValid,
            Some(rate) if rate.deleted => RateOn::Deleted,
            Some(rate) => RateOn::Rate(rate),
        }
    }

    /// The lines of a scale, by threshold.
    pub(crate) fn scale(&self, number: u32) -> Vec<ScaleLine> {
        let lines = self.scales.iter().filter(|line| line.scale == number);
        let mut lines: Vec<ScaleLine> = lines.map(|line| (line.threshold, line.rate)).collect();
        lines.sort_unstable();
        lines
    }

    /// Puts a rate, with its scale if it has one, among the others, which give way to it.
    pub(crate) fn put(&mut self, mut rate: ConditionRate, scale: &[ScaleLine]) {
        rate.scale = None;
        if !scale.is_empty() {
            let number = self.scales.iter().map(|line| line.scale).max().unwrap_or(0) + 1;
            rate.scale = Some(number);
            self.scales.extend((1..).zip(scale).map(|(line, (threshold, rate))| ConditionScale {
                scale: number,
                line,
                threshold: *threshold,
                rate: *rate,
            }));
        }
        put_timed(&mut self.rates, rate, TimeConstraint::AtMostOne);
        let rates = &self.rates;
        self.scales.retain(|line| rates.iter().any(|rate| rate.scale == Some(line.scale)));
    }

    /// The key fields as values; texts are brought to their canonical form.
    fn read_key_fields(&mut self) -> Result<KeyFields, Fault> {
        let (mut fields, mut problems) = (KeyFields::default(), Vec::new());
        for (position, entry) in self.key_fields.iter_mut().enumerate() {
            match entry.field.parse(&entry.value) {
                Ok(value) => {
                    fields.set(entry.field, value);
                    entry.value = value.to_string();
                }
                Err(message) => {
                    let path = format!("key_fields[{position}].value");
                    problems.push(FieldProblem::new(path, message));
                }
            }
        }
        if problems.is_empty() { Ok(fields) } else { Err(Fault::Invalid(problems)) }
    }
}

/// The generic surfaces of condition records. The lookup is derived, so making and changing one
/// are functions of this module.
pub(crate) const ENTRY: ObjectEntry = ObjectEntry {
    create: Some(create as CreateObject),
    create_input: Some(ConditionRecord::composite),
    change: Some(change as ChangeObject),
    ..ObjectEntry::document::<ConditionRecord>()
};

fn create(tx: &mut Tx<'_>, body: &Value) -> Result<ObjectId, Problem> {
    tx.actor().require("condition_record", "create")?;
    let mut record: ConditionRecord = json::parse(body)?;
    tx.check_references(&record)?;
    let settings = tx.settings::<PricingSettings>()?;
    let fields = record.read_key_fields()?;
    record_rules::check_key(&record, settings)?;
    check_values(tx, &record)?;
    let key = &record.key;
    let made = ConditionRecord::new(settings, key.condition_type, key.condition_table, &fields)?;
    let record = ConditionRecord { rates: record.rates, scales: record.scales, ..made };
    record_rules::check(&record, settings)?;
    record_units::check(tx, &record, settings)?;
    if tx.lookup::<ConditionRecord>("lookup", &record.key.lookup)?.is_some() {
        let message =
            format!("there is a condition record {} already: change its rates", record.key.lookup);
        let problem = Problem::new(ProblemKind::Conflict, "pricing.record_exists", message.clone());
        return Err(problem.field("key_fields", message));
    }
    Ok(insert(tx, record)?.id())
}

fn change(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    body: &Value,
) -> Result<(), Problem> {
    tx.actor().require("condition_record", "change")?;
    let mut stored: Stored<ConditionRecord> = tx.load(Ref::new(id))?;
    if let Some(version) = version {
        tx.expect_version(&stored, version)?;
    }
    let mut changed: ConditionRecord = json::patch(&stored, body)?;
    tx.check_references(&changed)?;
    let settings = tx.settings::<PricingSettings>()?;
    let fields = changed.read_key_fields()?;
    record_rules::check_key(&changed, settings)?;
    let key = &changed.key;
    if settings.lookup(key.condition_type, key.condition_table, &fields)? != stored.key.lookup {
        let message = "can't be changed: make another condition record";
        return Err(Problem::invalid("key_fields", message));
    }
    record_rules::check(&changed, settings)?;
    record_units::check(tx, &changed, settings)?;
    stored.value = changed;
    tx.save(&mut stored)?;
    Ok(())
}

/// Refuses key values that customizing or master data lack.
fn check_values(tx: &mut Tx<'_>, record: &ConditionRecord) -> Result<(), Fault> {
    let mut problems = Vec::new();
    for (position, entry) in record.key_fields.iter().enumerate() {
        if let Err(message) = check_value(tx, entry.field, &entry.value)? {
            problems.push(FieldProblem::new(format!("key_fields[{position}].value"), message));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Fault::Invalid(problems)) }
}

fn check_value(tx: &mut Tx<'_>, field: KeyField, text: &str) -> Result<Result<(), String>, Fault> {
    let environment = tx.environment();
    if let (Some(catalogue), Ok(code)) = (field.catalogue(), Code::parse(text)) {
        return Ok(environment.catalogues.check(catalogue, code));
    }
    let object = field.object().and_then(|object| environment.registry.object(object));
    let (Some(entry), Ok(id)) = (object, text.parse()) else { return Ok(Ok(())) };
    match tx.head((entry.def)(), id) {
        Ok(_) => Ok(Ok(())),
        Err(Fault::Missing { .. }) => Ok(Err(format!("there is no {} {id}", field.label()))),
        Err(other) => Err(other),
    }
}

/// Stores a new record; it keeps its anchor if it is the first to have it.
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    mut record: ConditionRecord,
) -> Result<Ref<ConditionRecord>, Fault> {
    if let Some(anchor) = &record.key.anchor
        && tx.lookup::<ConditionRecord>("anchor", anchor)?.is_some()
    {
        record.key.anchor = None;
    }
    Ok(tx.insert_numbered(record, None)?.id())
}
