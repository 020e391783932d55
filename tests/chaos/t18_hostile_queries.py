"""T18: whoever may ask a dataset in SQL, or for a row by its id, reads its tables and does nothing else."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest.mock import patch

from flows.explain import explain
from schemas.errors import BadInput
from storage.catalog_query import query
from storage.layout import Workspace
from storage.publish import publish
from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.crash_steps import unchecked
from tests.storage.runs import built

SECRET = "canary-8d2f-never-in-an-answer"
SECONDS = 1.0
READS = (
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM read_csv_auto('{secret}')",
    "SELECT * FROM read_json('{secret}')",
    "FROM read_ndjson('{secret}')",
    "SELECT * FROM read_parquet('{secret}')",
    "SELECT * FROM parquet_metadata('{secret}')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM glob('{outside}/*')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM read_duckdb('{secret}')",
    "FROM query('SELECT * FROM read_text(''{secret}'')')",
    "FROM query_table('{secret}')",
    "SELECT content FROM read_text('{root}/versions/../../outside/secret.txt')",
    "SELECT content FROM read_text('{root}/versions/1/../../../outside/*')",
    "SELECT * FROM read_text(['{root}/versions/1/README.md', '{secret}'])",
    "SELECT (SELECT content FROM read_text('{secret}'))",
    "SUMMARIZE SELECT * FROM read_text('{secret}')",
    "DESCRIBE SELECT * FROM read_csv('{secret}')",
    "WITH t AS (FROM read_text('{secret}')) SELECT * FROM t",
    "SELECT * FROM samples JOIN read_text('{secret}') ON true",
    "SELECT * FROM read_text('http://127.0.0.1:9/x')",
    "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
    "SELECT * FROM duckdb_secrets()",
    "SELECT getenv('HOME')",
    "SELECT * FROM read_text('/proc/self/environ')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM connection",
    "SELECT * FROM files",
    "FROM sqlite_scan('{secret}', 't')",
    "SELECT * FROM which_secret('x', 's3')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM read_text(''{secret}'')'))",
)
WRITES = (
    "COPY (SELECT 1) TO '{root}/versions/1/mine.csv'",
    "COPY (SELECT 1) TO '{outside}/mine.csv'",
    "COPY samples TO '{outside}/m.parquet' (FORMAT parquet)",
    "EXPORT DATABASE '{outside}/all'",
    "IMPORT DATABASE '{outside}'",
    "ATTACH '{outside}/mine.duckdb'",
    "ATTACH '{root}/catalog.duckdb' AS c",
    "ATTACH ':memory:' AS m",
    "DETACH memory",
    "USE memory",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL httpfs",
    "SET enable_external_access = true",
    "RESET enable_external_access",
    "SET lock_configuration = false",
    "PRAGMA enable_external_access",
    "PRAGMA database_list",
    "PRAGMA import_database('{outside}')",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE VIEW samples AS SELECT 1",
    "CREATE OR REPLACE VIEW samples AS SELECT 1",
    "CREATE MACRO f() AS 1",
    "CREATE SECRET s (TYPE s3, KEY_ID 'x')",
    "CREATE SCHEMA mine",
    "DROP VIEW samples",
    "ALTER VIEW samples RENAME TO mine",
    "DELETE FROM rushes_files",
    "INSERT INTO rushes_files VALUES (1)",
    "UPDATE rushes_files SET file = 'x'",
    "TRUNCATE rushes_files",
    "VACUUM",
    "CHECKPOINT",
    "BEGIN",
    "CALL enable_logging()",
    "SELECT 1; COPY (SELECT 1) TO '{outside}/mine.csv'",
    "SELECT 1;; DROP VIEW samples",
    "; SELECT 1; SELECT 2",
    "",
    ";",
    "EXPLAIN COPY (SELECT 1) TO '{outside}/e.csv'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{outside}/e.csv'",
    "PREPARE q AS SELECT 1",
    "EXECUTE q",
    "FROM query('COPY (SELECT 1) TO ''{outside}/q.csv''')",
    "SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_config = {{'path': '{outside}/log'}})",
    "SELECT * FROM enable_profiling('json')",
    "SELECT * FROM import_database('{outside}')",
)
ENDLESS = (
    "SELECT count(*) FROM range(1000000000000) WHERE hash(range) = 7",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
    "SELECT string_agg(repeat('x', 1000000), '') FROM range(100000)",
    "SELECT list(range) FROM range(10000000000)",
)
IDS = (
    "x' OR '1'='1",
    "x'; COPY (SELECT 1) TO '{outside}/id.csv'; --",
    "x' UNION ALL SELECT * FROM read_text('{secret}') --",
    "{secret}",
    "../outside/secret.txt",
    "/etc/passwd",
    "%%%%%%%%",
    "______",
    "\\\\\\\\\\\\'",
    "'\"`$(id)`",
    "$wanted",
    "?1",
    "x\x00y",
    "\udcff\udcfe",
    "\ud800",
    "\u202eabc\u2066",
    "x" * 5_000,
    "a/" * 3_000,
    "{{root}}",
    "-1",
    "NaN",
    "",
    " ",
    "\n;\n",
)
ASKED = (READS, WRITES, IDS)


def show(folder: Path, scale: Scale) -> Shown:
    """Asks everything of one small dataset that has a secret beside it, and looks what came back and what changed."""
    outside = folder / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text(SECRET)
    workspace = Workspace(folder / "dataset")
    with patch("storage.publish.check", unchecked):
        publish(workspace, built(workspace))
    names = {"root": workspace.root, "outside": outside, "secret": outside / "secret.txt"}
    before = everything(folder)
    every = slice(None, None, scale.of(1, 5))
    reads, writes, ids = ([one.format(**names) if "{" in one else one for one in some[every]] for some in ASKED)
    told = answers(reads, lambda sql: str(query(workspace, sql).to_pylist()))
    wrote = answers(writes, lambda sql: str(query(workspace, sql).to_pylist()))
    told += [*wrote, *answers(ids, lambda row_id: str(explain(workspace, row_id)))]
    began = time.monotonic()
    endless = answers(ENDLESS[: scale.of(4, 1)], lambda sql: str(query(workspace, sql, seconds=SECONDS).num_rows))
    longest = (time.monotonic() - began) / len(endless)
    leaked = sum(SECRET in one or "root:x:" in one for one in told)
    broken = [one for one in told + endless if one.startswith("BROKEN")]
    let_through = sum(not one.startswith("refused") for one in wrote)
    changed = len(set(before.items()) ^ set(everything(folder).items()))
    figures = (
        f"{len(told)} hostile statements and ids: {leaked} read what is not theirs, {changed} files changed, "
        f"{let_through} that would write or set let through, {len(broken)} without a clear message{first(broken)}; "
        f"{len(endless)} without an end stopped after {longest:.1f} s each (limit {SECONDS:g} s)"
    )
    endless_stopped = all(one.startswith("refused") for one in endless) and longest < SECONDS + 3
    return Shown(not (leaked or changed or let_through or broken) and endless_stopped, figures)


def answers(asked: Sequence[str], ask: Callable[[str], str]) -> list[str]:
    """What came of each: what was told, ``refused: why``, or ``BROKEN: what`` where no clear line came."""
    told = []
    for one in asked:
        try:
            told.append(ask(one))
        except BadInput as error:
            told.append(f"refused: {error}" if "\n" not in str(error) else f"BROKEN: {one[:60]!r}: several lines")
        except Exception as error:  # noqa: BLE001  whatever comes instead of a clear message is what is counted
            told.append(f"BROKEN: {one[:60]!r}: {type(error).__name__}: {error}")
    return told


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below the folder with its bytes."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def first(broken: Sequence[str]) -> str:
    """The first of these, in brackets; nothing where there is none."""
    return f" ({broken[0]})" if broken else ""


BAR = Bar("T18", "SQL and ids from a user read the dataset's tables, and nothing is read or written beside", show)
