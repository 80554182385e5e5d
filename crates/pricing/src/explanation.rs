//! How a document was priced, line by line.

use std::sync::Arc;

use hashbrown::HashMap;
use serde_json::{Map, Value, json};
use tessera_kernel::{
    Code, Date, Language, LocalizedText, Money, Record, RowBuffer, SliceSource, format_decimal,
};

use crate::program::{Access, Program};
use crate::trace::{AccessOutcome, Remark, ScaleReading, Trace};
use crate::{Missing, Priced, PricingCondition, PricingError, PricingHeader, PricingItem};

/// How a document was priced.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Procedure.
    pub procedure: Code,
    /// Day whose rates hold.
    pub pricing_date: Date,
    /// Lines by item, in the order of the procedure.
    pub lines: Vec<ExplainedLine>,
    /// The result.
    pub priced: Priced,
}

/// What happened to one line of the procedure for one item.
#[derive(Clone, Debug)]
pub struct ExplainedLine {
    /// Item.
    pub item: u32,
    /// Line.
    pub step: u32,
    /// Name of the line.
    pub name: Arc<LocalizedText>,
    /// Condition type; none on a line of totals.
    pub condition_type: Option<Code>,
    /// What was looked for, in order.
    pub attempts: Vec<Attempt>,
    /// Why it was not looked for, or what became of it.
    pub remark: Option<Remark>,
    /// Scales read.
    pub scales: Vec<ScaleReading>,
    /// Conditions that came of it, also inactive ones.
    pub conditions: Vec<PricingCondition>,
    /// Value of the line.
    pub value: Money,
}

/// One access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Position in the access sequence, from 1.
    pub access: u32,
    /// Condition table.
    pub table: Code,
    /// What was looked for; it ends before a field that has no value.
    pub key: String,
    /// What came of it.
    pub outcome: AccessOutcome,
}

/// Keeps what the engine tells.
pub(crate) struct Notes {
    width: usize,
    lines: Vec<ExplainedLine>,
}

impl Notes {
    pub(crate) fn new(program: &Program, header: &PricingHeader, items: &[PricingItem]) -> Self {
        let mut lines = Vec::with_capacity(program.steps.len() * items.len());
        for step in &program.steps {
            for item in items {
                lines.push(ExplainedLine {
                    item: item.item,
                    step: step.number,
                    name: step.name.clone(),
                    condition_type: step.condition.as_ref().map(|condition| condition.code),
                    attempts: Vec::new(),
                    remark: None,
                    scales: Vec::new(),
                    conditions: Vec::new(),
                    value: Money::zero(header.currency),
                });
            }
        }
        Self { width: items.len(), lines }
    }

    pub(crate) fn explanation(
        self,
        program: &Program,
        header: &PricingHeader,
        priced: Priced,
    ) -> Explanation {
        let Self { width, lines } = self;
        let mut ordered: Vec<(usize, ExplainedLine)> =
            lines.into_iter().enumerate().map(|(at, line)| (at % width.max(1), line)).collect();
        // A stable sort keeps the order of the procedure within each item.
        ordered.sort_by_key(|(item, _)| *item);
        let mut lines: Vec<ExplainedLine> = ordered.into_iter().map(|(_, line)| line).collect();
        let mut conditions: HashMap<(u32, Code), Vec<PricingCondition>> = HashMap::new();
        for row in &priced.conditions {
            conditions.entry((row.item, row.condition_type)).or_default().push(row.clone());
        }
        for line in &mut lines {
            let key = line.condition_type.map(|condition_type| (line.item, condition_type));
            line.conditions = key.and_then(|key| conditions.get(&key)).cloned().unwrap_or_default();
        }
        Explanation { procedure: program.code, pricing_date: header.pricing_date, lines, priced }
    }

    fn entry(&mut self, (step, item): (usize, usize)) -> &mut ExplainedLine {
        &mut self.lines[step * self.width + item]
    }
}

impl Trace for Notes {
    const ACTIVE: bool = true;

    fn access(&mut self, at: (usize, usize), access: &Access, key: &str, outcome: AccessOutcome) {
        let attempt =
            Attempt { access: access.number, table: access.table, key: key.to_string(), outcome };
        self.entry(at).attempts.push(attempt);
    }

    fn remark(&mut self, at: (usize, usize), remark: Remark) {
        self.entry(at).remark = Some(remark);
    }

    fn scale(&mut self, at: (usize, usize), reading: ScaleReading) {
        self.entry(at).scales.push(reading);
    }

    fn line(&mut self, at: (usize, usize), value: Money) {
        self.entry(at).value = value;
    }
}

impl Explanation {
    /// The explanation as JSON, with sentences in English and names in `language`.
    pub fn to_json(&self, language: Language) -> Result<Value, PricingError> {
        let Priced { net, tax, gross, .. } = self.priced;
        let items = self.priced.items.iter();
        let missing = items.flat_map(|item| item.missing.iter().map(|lack| (item.item, *lack)));
        let at = (self.procedure, self.pricing_date);
        json_of(at, (net, tax, gross), missing, &self.lines, language)
    }
}

/// Procedure and day, totals (net, tax, gross), what is missing and lines as JSON.
pub(crate) fn json_of(
    (procedure, pricing_date): (Code, Date),
    (net, tax, gross): (Money, Money, Money),
    missing: impl Iterator<Item = (u32, Missing)>,
    lines: &[ExplainedLine],
    language: Language,
) -> Result<Value, PricingError> {
    let lines = lines.iter().map(|line| line.to_json(language)).collect::<Result<Vec<_>, _>>()?;
    let missing = missing.map(|(item, missing)| {
        json!({
            "item": item,
            "step": missing.step,
            "condition_type": missing.condition_type.as_str(),
            "text": missing.to_string(),
        })
    });
    let mut body = json!({
        "procedure": procedure.as_str(),
        "pricing_date": pricing_date.to_string(),
        "net": net.to_string(),
        "tax": tax.to_string(),
        "gross": gross.to_string(),
    });
    // Put in as they are: within `json!` they would be written and read once more.
    body["missing"] = missing.collect();
    body["lines"] = Value::Array(lines);
    Ok(body)
}

impl ExplainedLine {
    fn to_json(&self, language: Language) -> Result<Value, PricingError> {
        let mut map = Map::new();
        map.insert("item".into(), self.item.into());
        map.insert("step".into(), self.step.into());
        map.insert("name".into(), self.name.best(language).into());
        let code = self.condition_type.map(|code| code.to_string());
        map.insert("condition_type".into(), code.into());
        map.insert("value".into(), self.value.to_string().into());
        map.insert("remark".into(), self.remark.map(|remark| remark.to_string()).into());
        map.insert("accesses".into(), self.attempts.iter().map(Attempt::to_json).collect());
        map.insert(
            "scales".into(),
            self.scales.iter().map(|read| json!(read.to_string())).collect(),
        );
        let mut conditions = Vec::with_capacity(self.conditions.len());
        for condition in &self.conditions {
            let row = RowBuffer::of(condition);
            let mut source = SliceSource::new(&row.0);
            let fields = PricingCondition::FIELDS;
            conditions
                .push(Value::Object(tessera_kernel::json::record_to_json(fields, &mut source)?));
        }
        map.insert("conditions".into(), conditions.into());
        Ok(Value::Object(map))
    }
}

impl Attempt {
    fn to_json(&self) -> Value {
        let record = match self.outcome {
            AccessOutcome::Found(record)
            | AccessOutcome::NotValid(record)
            | AccessOutcome::Deleted(record) => Some(record.to_string()),
            _ => None,
        };
        json!({
            "access": self.access,
            "table": self.table.as_str(),
            "key": self.key,
            "record": record,
            "outcome": self.outcome.to_string(),
        })
    }
}

impl std::fmt::Display for AccessOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Found(_) => f.write_str("a record was found"),
            Self::NoRecord => f.write_str("there is no record"),
            Self::NotValid(_) => f.write_str("the record has no rate on the pricing date"),
            Self::Deleted(_) => f.write_str("the rate of the pricing date was taken back"),
            Self::Blank(field) => write!(f, "the document has no {}", field.label()),
            Self::RequirementNotMet(requirement) => {
                write!(f, "the requirement that {} is not met", requirement.clause())
            }
        }
    }
}

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RequirementNotMet(requirement) => {
                write!(f, "the requirement that {} is not met", requirement.clause())
            }
            Self::NotEntered => f.write_str("it is only entered by hand, and was not"),
            Self::ManualPriority => f.write_str("what was entered has priority over records"),
            Self::AutomaticPriority => f.write_str("the record has priority over what was entered"),
            Self::NoCost => f.write_str("the cost of the item is not known"),
            Self::Entered => f.write_str("it was entered by hand"),
            Self::EnteredBefore => {
                f.write_str("it was taken over from a document before, in which it was entered")
            }
            Self::TakenOver => f.write_str("it was taken over from the document before"),
            Self::FoundOtherwise => f.write_str(
                "it is as it was found when the document was priced; a search for its pricing \
                 date finds something else now",
            ),
        }
    }
}

impl std::fmt::Display for ScaleReading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (base, rate) = (format_decimal(self.base), format_decimal(self.rate));
        match self.threshold {
            Some(threshold) => {
                write!(f, "{base} read at line {} gives {rate}", format_decimal(threshold))
            }
            None => write!(f, "no line of the scale holds for {base}; the rate is {rate}"),
        }
    }
}
