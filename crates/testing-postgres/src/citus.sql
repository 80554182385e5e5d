-- What Tessera uses of Citus 12, without a cluster: the functions write down how a table lies, and refuse what
-- Citus refuses. The rows stay where they are.
CREATE SCHEMA citus;
SET search_path = citus;

CREATE FUNCTION citus_version() RETURNS text LANGUAGE sql AS $$ SELECT 'Citus 12.1.1 on a stand-in' $$;

CREATE TABLE pg_dist_local_group (groupid int);
INSERT INTO pg_dist_local_group VALUES (0);
CREATE TABLE pg_dist_node (groupid int, nodename text, isactive bool, shouldhaveshards bool);
INSERT INTO pg_dist_node VALUES (0, 'coordinator', true, false), (1, 'one', true, true), (2, 'two', true, true);
CREATE TABLE pg_dist_partition (
    logicalrelid regclass PRIMARY KEY, partkey text, colocationid int NOT NULL, repmodel "char" NOT NULL);
CREATE TABLE calls (id serial, call text);

-- Citus keeps the column as an expression.
CREATE FUNCTION column_to_column_name(table_name regclass, column_var_text text) RETURNS text
LANGUAGE sql AS $$ SELECT column_var_text $$;

-- An index that is unique must have the column of the distribution.
CREATE FUNCTION check_unique(checked regclass, distribution_column text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    lacking regclass;
BEGIN
    SELECT i.indexrelid INTO lacking FROM pg_index i
    WHERE i.indrelid = checked AND (i.indisunique OR i.indisexclusion) AND NOT EXISTS (
        SELECT FROM pg_attribute a
        WHERE a.attrelid = checked AND a.attname = distribution_column AND a.attnum = ANY (i.indkey::int2[]));
    IF lacking IS NOT NULL THEN
        RAISE EXCEPTION 'cannot create constraint on "%"', checked USING DETAIL =
            'Distributed relations cannot have UNIQUE, EXCLUDE, or PRIMARY KEY constraints that do not include '
            'the partition column', HINT = lacking;
    END IF;
END $$;

CREATE FUNCTION take(taken regclass, partkey text, colocation int, repmodel "char", call text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM citus.pg_dist_partition WHERE logicalrelid = taken) THEN
        RAISE EXCEPTION 'table "%" is already distributed', taken;
    END IF;
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = taken) THEN
        RAISE EXCEPTION 'cannot distribute relation "%" because it has triggers', taken;
    END IF;
    INSERT INTO citus.pg_dist_partition VALUES (taken, partkey, colocation, repmodel);
    INSERT INTO citus.calls (call) VALUES (call);
END $$;

CREATE FUNCTION create_reference_table(table_name regclass) RETURNS void LANGUAGE sql AS $$
    SELECT citus.take(table_name, NULL, 1, 't', format('reference %s', table_name))
$$;

CREATE FUNCTION citus_add_local_table_to_metadata(
    table_name regclass, cascade_via_foreign_keys boolean DEFAULT false
) RETURNS void LANGUAGE sql AS $$
    SELECT citus.take(table_name, NULL, 0, 's', format('local %s', table_name))
$$;

CREATE FUNCTION create_distributed_table(
    table_name regclass, distribution_column text, distribution_type text DEFAULT 'hash',
    colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    colocation int;
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = table_name AND attname = distribution_column AND attnum > 0
    ) THEN
        RAISE EXCEPTION 'column "%" of relation "%" does not exist', distribution_column, table_name;
    END IF;
    IF shard_count IS NOT NULL AND colocate_with NOT IN ('default', 'none') THEN
        RAISE EXCEPTION 'Cannot use colocate_with with a table and shard_count at the same time';
    END IF;
    IF colocate_with = 'none' THEN
        SELECT coalesce(max(colocationid), 1) + 1 INTO colocation FROM citus.pg_dist_partition;
    ELSE
        SELECT colocationid INTO colocation FROM citus.pg_dist_partition
        WHERE logicalrelid = colocate_with::regclass AND partkey IS NOT NULL;
        IF colocation IS NULL THEN
            RAISE EXCEPTION 'relation % is not distributed', colocate_with;
        END IF;
    END IF;
    PERFORM citus.check_unique(table_name, distribution_column);
    PERFORM citus.take(
        table_name, distribution_column, colocation, 's',
        format('by %s %s with %s in %s', distribution_column, table_name, colocate_with, shard_count));
END $$;

CREATE FUNCTION truncate_local_data_after_distributing_table(function_table regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM citus.pg_dist_partition
        WHERE logicalrelid = function_table AND (partkey IS NOT NULL OR repmodel = 't')
    ) THEN
        RAISE EXCEPTION 'supplied parameter is not a distributed relation';
    END IF;
END $$;

-- Also indexes that come later.
CREATE FUNCTION check_indexes() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM citus.check_unique(p.logicalrelid, p.partkey)
    FROM citus.pg_dist_partition p WHERE p.partkey IS NOT NULL;
END $$;
CREATE EVENT TRIGGER check_indexes ON ddl_command_end WHEN TAG IN ('CREATE INDEX', 'ALTER TABLE')
EXECUTE FUNCTION check_indexes();

DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = public, citus', current_database());
END $$;
