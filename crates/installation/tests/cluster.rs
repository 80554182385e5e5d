//! The tables of an installation on a stand-in for a cluster.

use std::sync::{Arc, Barrier};

use serde_json::{Value, json};
use tessera_installation::{Cluster, Installation, InstallationError, Options};
use tessera_kernel::{Actor, ObjectId, Problem, Ref, Source, Stored, Tx};
use tessera_partner::BusinessPartner;
use tessera_testing_postgres::{TestDatabase, database, database_like_a_cluster};

/// An installation with nothing in it, closed again.
fn installation() -> Option<TestDatabase> {
    let database = database_like_a_cluster()?;
    drop(Installation::open(Options::creating(&database.url("?writers=1&readers=1"))).unwrap());
    Some(database)
}

fn cluster(database: &TestDatabase) -> Cluster {
    Cluster::open(&database.url(""), None).unwrap()
}

/// What the plan says of tables: how they lie, and how they are to lie.
fn lines(cluster: &Cluster, names: &[&str]) -> Vec<String> {
    let plan = cluster.plan().unwrap();
    let line = |name: &&str| {
        let table = plan.tables.iter().find(|table| table.table == *name).unwrap();
        format!("{name}: {} > {}", table.now, table.wanted)
    };
    names.iter().map(line).collect()
}

fn refused<R: std::fmt::Debug>(outcome: Result<R, InstallationError>) -> String {
    outcome.unwrap_err().to_string()
}

fn calls(database: &TestDatabase) -> Vec<String> {
    database.texts("SELECT call FROM citus.calls ORDER BY id")
}

const SOME: [&str; 5] =
    ["product", "condition_rate", "sales_document", "number_range", "tessera_queue"];

#[test]
fn configuration_stands_everywhere_business_lies_by_bucket_and_calls_on_the_coordinator() {
    let Some(database) = installation() else { return };
    let tables = cluster(&database);
    let planned = lines(&tables, &SOME);
    assert_eq!(
        planned,
        [
            "product: ordinary > on every node",
            "condition_rate: ordinary > on every node",
            "sales_document: ordinary > by bucket",
            "number_range: ordinary > by bucket",
            "tessera_queue: ordinary > on the coordinator",
        ]
    );
    assert_eq!(calls(&database), Vec::<String>::new(), "a plan changes nothing");

    let all = tables.plan().unwrap().tables.len();
    let mut told = Vec::new();
    let changed = tables.apply(32, &mut |table| told.push(table.table.clone())).unwrap();
    assert_eq!((changed, told.len()), (all, all));
    let calls = calls(&database);
    assert_eq!(calls.len(), all);
    let first = calls.iter().find(|call| call.starts_with("by bucket")).unwrap();
    assert_eq!(first, "by bucket number_range with none in 32");
    assert!(calls.contains(&"by bucket sales_document with \"number_range\" in ".to_string()));
    assert!(calls.contains(&"reference product".to_string()), "{calls:?}");
    assert!(calls.contains(&"local outbox".to_string()), "{calls:?}");
}

#[test]
fn a_second_apply_has_nothing_to_do() {
    let Some(database) = installation() else { return };
    cluster(&database).apply(32, &mut |_| ()).unwrap();
    let before = calls(&database);
    let again = cluster(&database);
    assert_eq!(again.plan().unwrap().left().count(), 0);
    assert_eq!(again.apply(32, &mut |_| ()).unwrap(), 0);
    assert_eq!(calls(&database), before);
}

#[test]
fn an_apply_that_was_broken_off_is_continued_by_another_wherever_it_stopped() {
    let Some(database) = installation() else { return };
    let all = cluster(&database).plan().unwrap().tables.len();
    // Citus fails at one table, later and later.
    for at in (1..all).step_by(all / 5) {
        database.execute(&format!(
            "CREATE OR REPLACE FUNCTION citus.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF (SELECT count(*) FROM citus.pg_dist_partition) >= {at} THEN
                    RAISE 'a worker went down'; END IF; RETURN new; END $$;
             DROP TRIGGER IF EXISTS fail ON citus.pg_dist_partition;
             CREATE TRIGGER fail BEFORE INSERT ON citus.pg_dist_partition
                FOR EACH ROW EXECUTE FUNCTION citus.fail()"
        ));
        let why = refused(cluster(&database).apply(32, &mut |_| ()));
        assert!(why.contains("a worker went down"), "{why}");
        assert_eq!(calls(&database).len(), at);
        assert_eq!(cluster(&database).plan().unwrap().left().count(), all - at);
    }
    database.execute("DROP TRIGGER fail ON citus.pg_dist_partition");
    cluster(&database).apply(32, &mut |_| ()).unwrap();
    assert_eq!(cluster(&database).plan().unwrap().left().count(), 0);
    let colocations = "SELECT DISTINCT colocationid::text FROM citus.pg_dist_partition \
        WHERE partkey = 'bucket'";
    assert_eq!(database.texts(colocations).len(), 1, "all by bucket lie together");
}

#[test]
fn an_installation_on_a_cluster_opens_again_and_a_migration_keeps_to_what_a_cluster_allows() {
    let Some(database) = installation() else { return };
    cluster(&database).apply(32, &mut |_| ()).unwrap();
    // Another program had other tables: everything is looked at again.
    database.execute("DELETE FROM tessera_schema WHERE column_name = 'fingerprint'");
    let options = Options::writing(&database.url("?writers=1&readers=1"));
    let installation = Installation::open(options).unwrap();
    assert_eq!(installation.verify().unwrap().differences, Vec::<String>::new());
    let columns = database.texts(
        "SELECT pg_get_indexdef('business_partner_by_number'::regclass) UNION ALL \
         SELECT pg_get_indexdef('product_by_number'::regclass)",
    );
    assert!(columns[0].contains("UNIQUE") && columns[0].contains("bucket"), "{columns:?}");
    assert!(columns[1].contains("UNIQUE") && !columns[1].contains("bucket"), "{columns:?}");
}

#[test]
fn nothing_is_spread_while_a_server_runs() {
    let Some(database) = installation() else { return };
    let server = Installation::open(Options::writing(&database.url("?writers=1"))).unwrap();
    let why = refused(cluster(&database).apply(32, &mut |_| ()));
    assert!(why.contains("stop every server first"), "{why}");
    assert_eq!(calls(&database), Vec::<String>::new());
    drop(server);
    assert!(cluster(&database).apply(32, &mut |_| ()).unwrap() > 0);
}

#[test]
fn a_file_and_a_server_that_is_no_cluster_are_refused_with_the_way_out() {
    let why = refused(Cluster::open("sqlite:tessera.db", None));
    assert!(why.contains("tessera copy"), "{why}");
    let Some(database) = database() else { return };
    let why = refused(Cluster::open(&database.url(""), None));
    assert!(why.contains("there is no database"), "{why}");
    drop(Installation::open(Options::creating(&database.url(""))).unwrap());
    for outcome in
        [cluster(&database).plan().map(drop), cluster(&database).apply(32, &mut |_| ()).map(drop)]
    {
        let why = refused(outcome);
        assert!(why.contains("CREATE EXTENSION citus"), "{why}");
    }
}

#[test]
fn a_cluster_that_can_not_be_used_is_refused_with_what_is_needed() {
    let Some(database) = installation() else { return };
    for (wrong, right, needed) in [
        (
            "UPDATE citus.pg_dist_local_group SET groupid = 3",
            "UPDATE citus.pg_dist_local_group SET groupid = 0",
            "connect to the coordinator",
        ),
        (
            "UPDATE citus.pg_dist_node SET groupid = 9 WHERE groupid = 0",
            "UPDATE citus.pg_dist_node SET groupid = 0 WHERE groupid = 9",
            "citus_set_coordinator_host",
        ),
        (
            "UPDATE citus.pg_dist_node SET isactive = groupid = 0",
            "UPDATE citus.pg_dist_node SET isactive = true",
            "citus_add_node",
        ),
        (
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET citus.shard_replication_factor = 2', \
             current_database()); END $$",
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET citus.shard_replication_factor', \
             current_database()); END $$",
            "shard_replication_factor must be 1",
        ),
    ] {
        database.execute(wrong);
        let why = refused(cluster(&database).plan());
        assert!(why.contains(needed), "{why}");
        database.execute(right);
    }
    cluster(&database).plan().unwrap();
}

#[test]
fn a_table_that_can_not_be_spread_is_named_with_why_and_none_is_changed() {
    let Some(database) = installation() else { return };
    database.execute("CREATE UNIQUE INDEX own ON delivery (version)");
    database.execute("SELECT citus.create_reference_table('payment')");
    database.execute("ALTER TABLE receivable RENAME COLUMN bucket TO former");
    let tables = cluster(&database);
    let plan = tables.plan().unwrap();
    let why = |name: &str| {
        let table = plan.tables.iter().find(|table| table.table == name).unwrap();
        table.refused.clone().unwrap_or_default()
    };
    assert!(why("delivery").contains("DROP INDEX own"), "{}", why("delivery"));
    assert!(why("payment").contains("undistribute_table"), "{}", why("payment"));
    assert!(why("receivable").contains("tessera copy"), "{}", why("receivable"));
    assert_eq!(plan.refused().count(), 3);
    let before = calls(&database);
    let why = refused(tables.apply(32, &mut |_| ()));
    for table in ["delivery", "payment", "receivable"] {
        assert!(why.contains(table), "{why}");
    }
    assert_eq!(calls(&database), before);
    let noted = "SELECT state FROM tessera_schema WHERE column_name = 'sharded'";
    assert_eq!(database.texts(noted), Vec::<String>::new());
}

fn actor() -> Actor {
    Actor::user("clerk", Source::Session, true)
}

fn partner(number: &str) -> Value {
    json!({
        "number": number,
        "general": { "category": "organisation", "name": "Ada AG", "language": "en",
            "country": "DE", "tax_classification": "full" },
    })
}

fn create(tx: &mut Tx<'_>, number: &str) -> Result<ObjectId, Problem> {
    let create = tx.environment().registry.object("business_partner").unwrap().create.unwrap();
    create(tx, &partner(number))
}

/// An installation that is spread, opened so often.
fn processes(database: &TestDatabase, count: usize) -> Vec<Installation> {
    cluster(database).apply(32, &mut |_| ()).unwrap();
    let url = database.url("?writers=2&readers=1");
    (0..count).map(|_| Installation::open(Options::writing(&url)).unwrap()).collect()
}

#[test]
fn of_two_commands_that_give_one_number_on_a_cluster_one_is_kept() {
    const ROUNDS: usize = 20;
    let Some(database) = installation() else { return };
    let processes = processes(&database, 2);
    let start = Arc::new(Barrier::new(processes.len()));
    let kept: usize = std::thread::scope(|scope| {
        let threads = processes.iter().map(|process| {
            let start = start.clone();
            scope.spawn(move || {
                (0..ROUNDS)
                    .filter(|round| {
                        let number = format!("C-{round}");
                        start.wait();
                        let made = process.db().command(&actor(), move |tx| create(tx, &number));
                        let refused = made.as_ref().err().map(|problem| problem.code.to_string());
                        assert!(refused.is_none_or(|code| code == "duplicate"));
                        made.is_ok()
                    })
                    .count()
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(kept, ROUNDS);
    // The index alone would let a number into each bucket.
    let taken = "UPDATE business_partner SET bucket = (bucket + 1) % 1024, id = gen_random_uuid() \
        WHERE number = 'C-0' RETURNING number";
    assert_eq!(database.texts(taken), ["C-0"]);
}

#[test]
fn a_number_of_an_object_that_does_not_lie_where_its_number_says_is_taken_too() {
    let Some(database) = installation() else { return };
    let process = &processes(&database, 1)[0];
    let copied = process.db().command(&actor(), |tx| -> Result<ObjectId, Problem> {
        let id = create(tx, "C-1")?;
        let made: Stored<BusinessPartner> = tx.load(Ref::new(id))?;
        // As it comes from an engine that knew nothing of numbers.
        let elsewhere = Ref::new(tx.new_id());
        Ok(tx.insert_as(elsewhere, made.value, Some("C-2".to_string()))?.head.id)
    });
    copied.unwrap();
    for number in ["C-1", "C-2"] {
        let again = process.db().command(&actor(), move |tx| create(tx, number)).unwrap_err();
        assert_eq!(again.code, "duplicate");
        assert_eq!(again.fields[0].path, "number");
    }
    let other = process.db().command(&actor(), |tx| create(tx, "C-3"));
    assert!(other.is_ok());
}

#[test]
fn what_a_command_reads_of_a_spread_object_nobody_changes_meanwhile_and_nobody_keeps() {
    let Some(database) = installation() else { return };
    let processes = processes(&database, 2);
    let (reader, writer) = (processes[0].db().clone(), &processes[1]);
    let id = writer.db().command(&actor(), |tx| create(tx, "C-1")).unwrap();
    let rename = move |tx: &mut Tx<'_>, name: &str| -> Result<(), Problem> {
        let mut stored: Stored<BusinessPartner> = tx.load(Ref::new(id))?;
        stored.general.name = name.to_string();
        tx.save(&mut stored)?;
        Ok(())
    };
    let (read, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (reads, goes_on) = (read.clone(), go_on.clone());
    let reading = std::thread::spawn(move || {
        reader.command(&actor(), move |tx| -> Result<[String; 2], Problem> {
            let name = |tx: &mut Tx<'_>| -> Result<String, Problem> {
                Ok(tx.shared::<BusinessPartner>(Ref::new(id))?.general.name.clone())
            };
            let before = name(tx)?;
            reads.wait();
            goes_on.wait();
            Ok([before, name(tx)?])
        })
    });
    read.wait();
    let (sent, received) = std::sync::mpsc::channel();
    writer.db().submit(
        actor(),
        move |tx| rename(tx, "Bob AG"),
        move |done| {
            sent.send(done.is_ok()).unwrap();
        },
    );
    let waits = received.recv_timeout(std::time::Duration::from_millis(300));
    assert!(waits.is_err(), "the change waits for who read");
    go_on.wait();
    assert_eq!(reading.join().unwrap().unwrap(), ["Ada AG", "Ada AG"]);
    assert!(received.recv().unwrap());
    // A change that nobody announces: what was kept in memory would not show it.
    database.execute("UPDATE partner_general SET name = 'Eve AG'");
    let now = processes[0].db().command(&actor(), move |tx| -> Result<String, Problem> {
        Ok(tx.shared::<BusinessPartner>(Ref::new(id))?.general.name.clone())
    });
    assert_eq!(now.unwrap(), "Eve AG");
}
