//! The query string of a list: filters, sort, page.

use tessera_kernel::{
    Actor, Cell, Code, Condition, Currency, Direction, FieldProblem, FieldType, HeadField, Instant,
    Mask, Money, ObjectDef, ObjectId, Operator, Problem, ProblemKind, Query, date_to_days,
    head_column, parse_date, parse_decimal, to_micros,
};

use crate::cursor;

/// Rows of a page without `limit`, and at most.
const ROWS: u32 = 50;
const MOST_ROWS: u32 = 200;
/// Values of `.in`.
const MOST_VALUES: usize = 100;

/// A list query with the text that its cursors belong to.
pub(crate) struct ListQuery {
    pub(crate) query: Query,
    list: String,
}

impl ListQuery {
    /// The cursor of the next page.
    pub(crate) fn cursor(&self, next: &(Cell, Cell)) -> String {
        cursor::encode(&self.list, &next.0, &next.1)
    }
}

/// A column that a list can be filtered by.
#[derive(Clone, Copy)]
struct Column {
    position: usize,
    kind: FieldType,
    indexed: bool,
}

/// Reads the query string of a list of `def`.
pub(crate) fn parse(
    def: &'static ObjectDef,
    actor: &Actor,
    pairs: &[(String, String)],
) -> Result<ListQuery, Problem> {
    let columns = &columns(def, actor.mask(def).as_deref());
    let mut problems = Vec::new();
    let mut query = Query::default().limit(ROWS);
    let mut cursor = None;
    let mut indexed = false;
    let mut filters: Vec<&(String, String)> = Vec::new();
    for pair in pairs {
        let (name, value) = (pair.0.as_str(), pair.1.as_str());
        let outcome = match name {
            "limit" => limit(value).map(|rows| query.limit = rows),
            "sort" => sort(columns, value).map(|sort| query.sort = sort),
            "cursor" => {
                cursor = Some(value);
                Ok(())
            }
            _ => condition(columns, name, value, pairs).map(|(condition, has_index)| {
                indexed |= has_index;
                query.conditions.push(condition);
                filters.push(pair);
            }),
        };
        if let Err(message) = outcome {
            problems.push(FieldProblem::new(name, message));
        }
    }
    if !query.conditions.is_empty() && !indexed && problems.is_empty() {
        let message = format!(
            "has no index: filter also by one of: {}",
            names(columns, |column| column.indexed).join(", ")
        );
        problems.push(FieldProblem::new(filters[0].0.as_str(), message));
    }
    filters.sort();
    let list = format!("{}|{:?}|{filters:?}", def.name, query.sort);
    if let Some(text) = cursor {
        query.after = cursor::decode(&list, text);
        if query.after.is_none() {
            let rule = "is no cursor of this list: send the `next` of its page before, with the \
                        same filters and sort";
            problems.push(FieldProblem::new("cursor", rule));
        }
    }
    if problems.is_empty() {
        return Ok(ListQuery { query, list });
    }
    let detail = FieldProblem::summary(&problems);
    let mut problem = Problem::new(ProblemKind::Invalid, "invalid_query", detail);
    problem.fields = problems;
    Err(problem)
}

fn limit(text: &str) -> Result<u32, String> {
    let rows = text.parse().ok().filter(|rows| (1..=MOST_ROWS).contains(rows));
    rows.ok_or_else(|| format!("must be 1 to {MOST_ROWS}"))
}

fn sort(columns: &Columns, text: &str) -> Result<(usize, Direction), String> {
    let (name, direction) = match text.strip_prefix('-') {
        Some(name) => (name, Direction::Descending),
        None => (text, Direction::Ascending),
    };
    match column(columns, name) {
        Some(Column { position, indexed: true, .. }) => Ok((position, direction)),
        _ => {
            let allowed = names(columns, |column| column.indexed).join(", ");
            Err(format!("can be one of these, with `-` before it for the largest first: {allowed}"))
        }
    }
}

/// Columns by name.
type Columns = Vec<(String, Column)>;

/// The columns that can be filtered by, as far as a mask shows them, with the names of their parts.
fn columns(def: &ObjectDef, mask: Option<&Mask>) -> Columns {
    let text = FieldType::Text { max: 120 };
    let id = FieldType::Reference { object: "" };
    let fixed = [
        ("id", head_column::ID, id, true),
        ("number", head_column::NUMBER, text, true),
        (
            "version",
            head_column::VERSION,
            FieldType::Int { least: i64::MIN, most: i64::MAX },
            false,
        ),
        ("created_at", head_column::CREATED_AT, FieldType::Instant, false),
        ("created_by", head_column::CREATED_BY, text, false),
        ("changed_at", head_column::CHANGED_AT, FieldType::Instant, false),
        ("changed_by", head_column::CHANGED_BY, text, false),
    ];
    let mut columns: Columns = fixed
        .map(|(name, position, kind, indexed)| {
            (name.to_string(), Column { position, kind, indexed })
        })
        .to_vec();
    if def.owned {
        for (name, position) in [("owner", head_column::OWNER), ("team", head_column::TEAM)] {
            columns.push((name.to_string(), Column { position, kind: id, indexed: true }));
        }
    }
    let is_shown = |head: &&HeadField| mask.is_none_or(|m| m.shows(head.part, head.field.name));
    for head in def.head_fields.iter().filter(is_shown) {
        let indexed = head.field.index || head.field.unique;
        let (name, kind, position) = (head.name, head.field.kind, head.column);
        let mut add = |name: String, position, kind, indexed| {
            columns.push((name, Column { position, kind, indexed }));
        };
        match kind {
            FieldType::Validity => {
                add(format!("{name}.from"), position, FieldType::Date, indexed);
                add(format!("{name}.to"), position + 1, FieldType::Date, false);
            }
            FieldType::Money => {
                add(name.to_string(), position, kind, indexed);
                add(format!("{name}.currency"), position + 1, FieldType::Currency, false);
            }
            FieldType::Quantity => {
                add(name.to_string(), position, kind, indexed);
                add(format!("{name}.unit"), position + 1, FieldType::Unit, false);
            }
            FieldType::LocalizedText | FieldType::LocalDateTime => {}
            _ => add(name.to_string(), position, kind, indexed),
        }
    }
    columns
}

fn column(columns: &Columns, name: &str) -> Option<Column> {
    columns.iter().find(|(known, _)| known == name).map(|(_, column)| *column)
}

fn names(columns: &Columns, wanted: impl Fn(&Column) -> bool) -> Vec<String> {
    let columns = columns.iter().filter(|(_, column)| wanted(column));
    columns.map(|(name, _)| name.clone()).collect()
}

/// The parameters by which a list of `def` can be filtered, each with its help.
pub(crate) fn parameters(def: &ObjectDef) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    for (name, column) in columns(def, None) {
        let field = def.head_fields.iter().find(|head| head.name == name);
        let mut help = field.map_or_else(String::new, |head| format!("{} ", head.field.help));
        if !column.indexed {
            help.push_str("Only together with a filter that has an index.");
        }
        parameters.push((name.clone(), help.trim_end().to_string()));
        for (suffix, operator) in SUFFIXES {
            if takes(column.kind, operator) {
                let help = format!("`{name}` {}.", meaning(operator));
                parameters.push((format!("{name}{suffix}"), help));
            }
        }
    }
    parameters
}

/// Whether values of a type can be compared so.
fn takes(kind: FieldType, operator: Operator) -> bool {
    match operator {
        Operator::Eq | Operator::In => true,
        Operator::StartsWith => matches!(kind, FieldType::Text { .. } | FieldType::Code { .. }),
        _ => !matches!(kind, FieldType::Bool | FieldType::Reference { .. }),
    }
}

fn meaning(operator: Operator) -> &'static str {
    match operator {
        Operator::Ge => "or more",
        Operator::Gt => "is more",
        Operator::Le => "or less",
        Operator::Lt => "is less",
        Operator::In => "is one of these, separated by commas",
        Operator::StartsWith => "starts with this",
        _ => "is this",
    }
}

const SUFFIXES: [(&str, Operator); 6] = [
    (".gte", Operator::Ge),
    (".gt", Operator::Gt),
    (".lte", Operator::Le),
    (".lt", Operator::Lt),
    (".in", Operator::In),
    (".prefix", Operator::StartsWith),
];

/// One filter as a condition, and whether an index serves it.
fn condition(
    columns: &Columns,
    parameter: &str,
    text: &str,
    pairs: &[(String, String)],
) -> Result<(Condition, bool), String> {
    let (name, operator) = SUFFIXES
        .iter()
        .find_map(|(suffix, operator)| Some((parameter.strip_suffix(suffix)?, *operator)))
        .unwrap_or((parameter, Operator::Eq));
    let Some(Column { position, kind, indexed }) = column(columns, name) else {
        return Err(format!(
            "is no filter here; there are: {}, limit, sort, cursor",
            names(columns, |_| true).join(", ")
        ));
    };
    if !takes(kind, operator) {
        return Err(match operator {
            Operator::StartsWith => "only text has a prefix".to_string(),
            _ => "can only be compared with = and .in".to_string(),
        });
    }
    let currency = pairs.iter().find(|(other, _)| *other == format!("{name}.currency"));
    let currency = currency.map(|(_, code)| code.as_str());
    let mut values = Vec::new();
    if operator == Operator::In {
        for part in text.split(',') {
            values.push(value(kind, part, currency)?);
        }
        if values.len() > MOST_VALUES {
            return Err(format!("takes at most {MOST_VALUES} values"));
        }
    } else if operator == Operator::StartsWith {
        values.push(Cell::Text(text.to_string()));
    } else {
        values.push(value(kind, text, currency)?);
    }
    Ok((Condition { column: position, operator, values }, indexed))
}

/// A text as the stored value of a field.
fn value(kind: FieldType, text: &str, currency: Option<&str>) -> Result<Cell, String> {
    let micros = |text: &str| {
        let number = parse_decimal(text).map_err(|error| error.to_string())?;
        to_micros(number).map(Cell::Int).map_err(|error| error.to_string())
    };
    match kind {
        FieldType::Text { max } if text.chars().count() > max as usize => {
            Err(format!("has at most {max} characters"))
        }
        FieldType::Text { .. } | FieldType::Unit | FieldType::Language => {
            Ok(Cell::Text(text.to_string()))
        }
        FieldType::Code { .. } => Code::parse(text)
            .map(|code| Cell::Text(code.to_string()))
            .map_err(|error| error.to_string()),
        FieldType::Choice(choices) => {
            if choices.iter().any(|choice| choice.code == text) {
                return Ok(Cell::Text(text.to_string()));
            }
            let codes: Vec<&str> = choices.iter().map(|choice| choice.code).collect();
            Err(format!("must be one of: {}", codes.join(", ")))
        }
        FieldType::Currency => Currency::parse(text)
            .map(|currency| Cell::Text(currency.code().to_string()))
            .map_err(|error| error.to_string()),
        FieldType::Bool => match text {
            "true" => Ok(Cell::Bool(true)),
            "false" => Ok(Cell::Bool(false)),
            _ => Err("must be true or false".to_string()),
        },
        FieldType::Int { .. } => {
            text.parse().map(Cell::Int).map_err(|_| "must be a whole number".into())
        }
        FieldType::Decimal | FieldType::Percentage | FieldType::Quantity => micros(text),
        FieldType::Money => {
            let currency = currency.ok_or("needs the filter on its .currency too")?;
            let currency = Currency::parse(currency).map_err(|error| error.to_string())?;
            let amount = parse_decimal(text).map_err(|error| error.to_string())?;
            let money = Money::exact(amount, currency).map_err(|error| error.to_string())?;
            Ok(Cell::Int(money.minor()))
        }
        FieldType::Date => parse_date(text)
            .map(|day| Cell::Date(date_to_days(day)))
            .map_err(|error| error.to_string()),
        FieldType::Instant => Instant::parse(text)
            .map(|at| Cell::Instant(at.as_micros()))
            .map_err(|error| error.to_string()),
        FieldType::Reference { .. } => text
            .parse::<ObjectId>()
            .map(|id| Cell::Uuid(id.0))
            .map_err(|_| "must be an id, a UUID".to_string()),
        FieldType::LocalDateTime | FieldType::Validity | FieldType::LocalizedText => {
            Err("can't be filtered by".to_string())
        }
    }
}
