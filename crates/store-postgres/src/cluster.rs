//! The tables are spread over a cluster (Citus): first it is said how each lies and what it is to become, then
//! what is left of that is done.
//!
//! Each step is a statement of its own that Citus does as a whole, and what was done is read from Citus' own
//! catalogue. So spreading can be broken off anywhere, and repeated. That the database is spread is noted in our
//! catalogue before anything else: programs that are started from then on behave as on a cluster, and migrations
//! keep to what a cluster allows.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use tessera_kernel::{Placement, StoreError, TableDef};
use tessera_store_sql::quote;

use crate::error::Failure;
use crate::link::Link;
use crate::placed::{BUCKET, bucket_column, on_cluster};
use crate::statement::identifier;
use crate::{catalog, migrate, queue};

/// The oldest Citus that has what is needed: tables of the coordinator with identity columns.
const OLDEST: (u32, u32) = (12, 1);
/// How long programs that were just stopped are waited for.
const LEAVING: Duration = Duration::from_secs(3);
/// Functions of Citus that are called.
const FUNCTIONS: &str = "create_distributed_table, create_reference_table, \
    citus_add_local_table_to_metadata, truncate_local_data_after_distributing_table";

/// How a table lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// It is an ordinary table, of which the cluster knows nothing.
    Ordinary,
    /// On the coordinator, and known to the cluster, which commits its rows together with those on other nodes.
    Coordinator,
    /// On every node.
    EveryNode,
    /// Each row is on the node of its bucket.
    Bucket,
    /// Otherwise; how.
    Other(String),
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ordinary => "ordinary",
            Self::Coordinator => "on the coordinator",
            Self::EveryNode => "on every node",
            Self::Bucket => "by bucket",
            Self::Other(how) => how,
        })
    }
}

/// What is to become of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePlan {
    /// Its name.
    pub table: String,
    /// How it lies.
    pub now: Distribution,
    /// How it is to lie.
    pub wanted: Distribution,
    /// Why that can't be done, with the way out.
    pub refused: Option<String>,
}

impl TablePlan {
    /// Whether it lies as it is to lie.
    pub fn is_done(&self) -> bool {
        self.now == self.wanted
    }
}

/// What is to become of all tables, in the order in which it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterPlan {
    /// The tables.
    pub tables: Vec<TablePlan>,
    /// The table with which those by bucket lie.
    anchor: Option<String>,
}

impl ClusterPlan {
    /// The tables that are to be changed.
    pub fn left(&self) -> impl Iterator<Item = &TablePlan> {
        self.tables.iter().filter(|table| !table.is_done())
    }

    /// The tables that can't be changed.
    pub fn refused(&self) -> impl Iterator<Item = &TablePlan> {
        self.tables.iter().filter(|table| table.refused.is_some())
    }
}

/// How these tables, as they are on the server, lie and are to lie.
pub(crate) fn plan(link: &mut Link, tables: &[&'static TableDef]) -> Result<ClusterPlan, Failure> {
    check_cluster(link)?;
    let lying = lying(link)?;
    let lies = |table: &str| lying.get(table).cloned().unwrap_or(Lying::ORDINARY);
    let mut placed = tables.iter().filter(|table| bucket_column(table).is_some()).peekable();
    let first = placed.peek().map(|table| identifier(&table.name));
    let spread = placed.map(|table| identifier(&table.name));
    let anchor = spread.into_iter().find(|table| lies(table).is(&Distribution::Bucket)).or(first);
    let shards = anchor.as_deref().and_then(|anchor| lies(anchor).colocation);
    let own = unique_without_bucket(link)?;
    let columns = catalog::columns(link)?;
    let mut plans = Vec::with_capacity(tables.len() + 1);
    for table in tables {
        let name = identifier(&table.name);
        let wanted = match table.placement {
            Placement::Everywhere => Distribution::EveryNode,
            Placement::Central => Distribution::Coordinator,
            _ => Distribution::Bucket,
        };
        let mut now = lies(&name);
        if now.is(&Distribution::Bucket) && now.colocation != shards {
            now.how = Distribution::Other("by bucket, apart from the others".to_string());
        }
        let has_bucket = columns.get(&name).is_none_or(|all| all.iter().any(|c| c.name == BUCKET));
        let refused = match (&now.how, &wanted) {
            (now, wanted) if now == wanted => None,
            (Distribution::Ordinary, Distribution::Bucket) if !has_bucket => Some(
                "it has no column bucket, because the database was made before rows had homes: \
                 `tessera copy` it into a new one"
                    .to_string(),
            ),
            (Distribution::Ordinary, Distribution::Bucket) => foreign_index(table, own.get(&name)),
            (Distribution::Ordinary, _) => None,
            _ => Some(format!(
                "it lies otherwise already: look why, then SELECT undistribute_table('{name}')"
            )),
        };
        plans.push(TablePlan { table: name, now: now.how, wanted, refused });
    }
    let now = lies(queue::TABLE).how;
    let table = queue::TABLE.to_string();
    plans.push(TablePlan { table, now, wanted: Distribution::Coordinator, refused: None });
    // What stands on every node is read by what lies on one of them.
    plans.sort_by_key(|table| match table.wanted {
        Distribution::EveryNode => 0,
        _ if Some(&table.table) == anchor.as_ref() => 1,
        Distribution::Bucket => 2,
        _ => 3,
    });
    Ok(ClusterPlan { tables: plans, anchor })
}

/// An index that refuses a second row with the same values, and that Tessera did not make.
fn foreign_index(table: &TableDef, unique: Option<&Vec<String>>) -> Option<String> {
    let is_own = |name: &&String| table.indexes.iter().any(|own| identifier(&own.name) == **name);
    let index = unique?.iter().find(|name| !is_own(name))?;
    Some(format!(
        "its index {index}, which is not of Tessera, is unique without the bucket, which no cluster can keep: \
         DROP INDEX {index}"
    ))
}

/// Does what is left of the plan.
pub(crate) fn apply(
    link: &mut Link,
    tables: &[&'static TableDef],
    shards: u32,
    told: &mut dyn FnMut(&TablePlan),
) -> Result<usize, Failure> {
    catalog::alone(link, |link| {
        let plan = plan(link, tables)?;
        let refusals: Vec<String> = plan
            .refused()
            .filter_map(|table| Some(format!("{}: {}", table.table, table.refused.as_ref()?)))
            .collect();
        if !refusals.is_empty() {
            return Err(incompatible(&refusals.join("\n")));
        }
        take_over(link)?;
        let on_cluster: Vec<_> = tables.iter().map(|table| on_cluster(table)).collect();
        migrate::migrate(link, &on_cluster)?;
        link.lift_limit()?;
        let mut changed = 0;
        for table in plan.left() {
            told(table);
            for call in calls(table, plan.anchor.as_deref(), shards) {
                link.script(&call)?;
            }
            changed += 1;
        }
        Ok(changed)
    })
}

/// Notes that the database is spread from now on, unless somebody is connected who does not know it.
fn take_over(link: &mut Link) -> Result<(), Failure> {
    let was_noted = catalog::is_sharded(link)?;
    link.script(catalog::CREATE)?;
    catalog::note_sharded(link, true)?;
    let connected = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND pid <> pg_backend_pid() AND application_name = 'tessera'";
    let since = Instant::now();
    let mut others = count(link, connected)?;
    while others > 0 && since.elapsed() < LEAVING {
        std::thread::sleep(Duration::from_millis(50));
        others = count(link, connected)?;
    }
    if others == 0 {
        return Ok(());
    }
    if !was_noted {
        catalog::note_sharded(link, false)?;
    }
    Err(incompatible(&format!(
        "{others} connections of other programs of Tessera are open: stop every server first, they know \
         nothing of the cluster until they are started again"
    )))
}

/// The statements that have a table lie as it is to lie.
fn calls(table: &TablePlan, anchor: Option<&str>, shards: u32) -> Vec<String> {
    let literal = |name: &str| format!("'{}'", quote(name).replace('\'', "''"));
    let name = literal(&table.table);
    let clear = format!("SELECT truncate_local_data_after_distributing_table({name})");
    match table.wanted {
        Distribution::EveryNode => vec![format!("SELECT create_reference_table({name})"), clear],
        Distribution::Bucket => {
            let with = match anchor {
                Some(anchor) if anchor != table.table => {
                    format!("colocate_with => {}", literal(anchor))
                }
                _ => format!("colocate_with => 'none', shard_count => {shards}"),
            };
            vec![format!("SELECT create_distributed_table({name}, '{BUCKET}', {with})"), clear]
        }
        _ => vec![format!("SELECT citus_add_local_table_to_metadata({name})")],
    }
}

fn incompatible(why: &str) -> Failure {
    Failure::Refused(StoreError::Incompatible(why.to_string()))
}

fn count(link: &mut Link, sql: &str) -> Result<i64, Failure> {
    let rows = catalog::query(link, sql, Vec::new())?;
    rows.first().map_or(Ok(0), |row| catalog::column(row, 0))
}

/// Refuses a server that is no cluster, or one that can't be used as it is.
fn check_cluster(link: &mut Link) -> Result<(), Failure> {
    let there = "SELECT count(DISTINCT proname) FROM pg_proc WHERE pg_function_is_visible(oid) \
        AND proname = ANY(string_to_array($1, ', ') || 'citus_version'::text)";
    let rows = catalog::query(link, there, vec![catalog::text(FUNCTIONS)])?;
    let found: i64 = rows.first().map_or(Ok(0), |row| catalog::column(row, 0))?;
    if found <= FUNCTIONS.split(", ").count() as i64 {
        return Err(incompatible(
            "the server is no cluster: install Citus, name it in `shared_preload_libraries`, and run \
             CREATE EXTENSION citus in this database",
        ));
    }
    let rows = catalog::query(link, "SELECT citus_version()", Vec::new())?;
    let version: String = rows.first().map_or(Ok(String::new()), |row| catalog::column(row, 0))?;
    check_version(&version)?;
    if count(link, "SELECT groupid::int8 FROM pg_dist_local_group")? != 0 {
        return Err(incompatible("this is a worker: connect to the coordinator"));
    }
    let nodes = |of: &str| format!("SELECT count(*) FROM pg_dist_node WHERE isactive AND {of}");
    if count(link, &nodes("groupid = 0"))? == 0 {
        return Err(incompatible(
            "the coordinator does not know itself, and can't hold tables that stand on every node: run \
             SELECT citus_set_coordinator_host('HOST', PORT)",
        ));
    }
    if count(link, &nodes("shouldhaveshards"))? == 0 {
        return Err(incompatible(
            "no node takes shards: add workers by SELECT citus_add_node('HOST', PORT)",
        ));
    }
    let copies =
        "SELECT coalesce(current_setting('citus.shard_replication_factor', true), '1')::int8";
    if count(link, copies)? != 1 {
        return Err(incompatible(
            "citus.shard_replication_factor must be 1: rows are held, which Citus can't where they have copies",
        ));
    }
    Ok(())
}

/// A version as Citus tells it: `Citus 12.1.1 on x86_64-pc-linux-gnu, …`.
fn check_version(told: &str) -> Result<(), Failure> {
    let version = told.strip_prefix("Citus ").unwrap_or(told);
    let mut parts = version.split(|letter: char| !letter.is_ascii_digit());
    let mut part = || parts.next().and_then(|part| part.parse::<u32>().ok());
    let (major, minor) = (part(), part());
    if major.is_some_and(|major| (major, minor.unwrap_or(0)) >= OLDEST) {
        return Ok(());
    }
    let (major, minor) = OLDEST;
    Err(incompatible(&format!("the cluster is {told}: {major}.{minor} or later is needed")))
}

/// How a table lies, and with which others.
#[derive(Clone, Debug)]
struct Lying {
    how: Distribution,
    colocation: Option<i64>,
}

impl Lying {
    const ORDINARY: Self = Self { how: Distribution::Ordinary, colocation: None };

    fn is(&self, how: &Distribution) -> bool {
        self.how == *how
    }
}

/// How the tables lie that the cluster knows.
fn lying(link: &mut Link) -> Result<BTreeMap<String, Lying>, Failure> {
    let sql = "SELECT c.relname::text, p.repmodel::text, p.colocationid::int8,
            column_to_column_name(p.logicalrelid, p.partkey)::text
        FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid
        WHERE c.relnamespace = current_schema()::regnamespace";
    let mut lying = BTreeMap::new();
    for row in catalog::query(link, sql, Vec::new())? {
        let (model, colocation): (String, i64) =
            (catalog::column(&row, 1)?, catalog::column(&row, 2)?);
        let by: Option<String> = catalog::column(&row, 3)?;
        let how = match by.as_deref() {
            Some(BUCKET) => Distribution::Bucket,
            Some(column) => Distribution::Other(format!("by {column}")),
            None if model == "t" => Distribution::EveryNode,
            None if colocation == 0 => Distribution::Coordinator,
            None => Distribution::Other("in one shard".to_string()),
        };
        let colocation = Some(colocation);
        lying.insert(catalog::column(&row, 0)?, Lying { how, colocation });
    }
    Ok(lying)
}

/// The unique indexes that lack the bucket, by table.
fn unique_without_bucket(link: &mut Link) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let sql = "SELECT t.relname::text, c.relname::text FROM pg_index i
        JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid
        WHERE t.relnamespace = current_schema()::regnamespace AND i.indisunique AND NOT EXISTS (
            SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = $1
            AND a.attnum = ANY(i.indkey::int2[]))
        ORDER BY 1, 2";
    let mut unique: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in catalog::query(link, sql, vec![catalog::text(BUCKET)])? {
        unique.entry(catalog::column(&row, 0)?).or_default().push(catalog::column(&row, 1)?);
    }
    Ok(unique)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_cluster_is_refused_with_what_is_needed() {
        for (told, fits) in [
            ("Citus 12.1.1 on x86_64-pc-linux-gnu, compiled by gcc", true),
            ("Citus 13.0devel on x86_64", true),
            ("Citus 12.0.0 on x86_64", false),
            ("Citus 9.5.12 on x86_64", false),
            ("somebody's own", false),
        ] {
            let outcome = check_version(told).map_err(|failure| failure.told().to_string());
            assert_eq!(outcome.is_ok(), fits, "{outcome:?}");
            assert!(fits || outcome.is_err_and(|why| why.contains("12.1 or later")), "{told}");
        }
    }

    #[test]
    fn a_name_is_quoted_as_an_identifier_within_a_text() {
        let table = "it's".to_string();
        let wanted = Distribution::Coordinator;
        let plan = TablePlan { table, now: Distribution::Ordinary, wanted, refused: None };
        let call = "SELECT citus_add_local_table_to_metadata('\"it''s\"')";
        assert_eq!(calls(&plan, None, 1), [call]);
    }
}
