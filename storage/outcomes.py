"""What became of every source that was given: published, rejected, a copy, or without items, and why."""

import duckdb

from schemas.duckdb import quoted
from schemas.samples import Outcome
from storage.built import Built, BuiltTable
from storage.publish_cells import has, listed, parquet


def show(connection: duckdb.DuckDBPyConnection, built: Built) -> bool:
    """Makes a view ``outcomes`` with one row per source, out of the views of the run's tables and of ``rejects``.

    False, and no view, where the recipe does not start from sources and videos.
    """
    tables = {table.row_type.table: table for table in built.tables}
    if not {"sources", "videos"} <= tables.keys():
        return False
    connection.execute(f"CREATE VIEW copied AS {_copied(tables['videos'])}")
    connection.execute(f"CREATE VIEW kept AS {_kept(built)}")
    connection.execute(f"CREATE VIEW lost_items AS {_lost_items(tables)}")
    connection.execute(f"CREATE VIEW last_seen AS {_last_seen(built)}")
    connection.execute(f"CREATE VIEW outcomes AS SELECT {listed(Outcome)} FROM ({OUTCOMES}) ORDER BY source_id")  # noqa: S608
    return True


def _copied(videos: BuiltTable) -> str:
    """Sources whose content lies in an earlier part already: their rows of ``videos`` gave way to the earlier ones."""
    if not videos.cells:
        return "SELECT source_id, video_id, uri AS kept_uri FROM videos"
    every = parquet(videos.cells)
    return f"""
        SELECT every.source_id, videos.video_id, videos.uri AS kept_uri
        FROM {every} AS every JOIN videos USING (video_id) WHERE every.source_id <> videos.source_id"""  # noqa: S608


def _kept(built: Built) -> str:
    """How many rows of the recipe's result each video has."""
    last = built.tables[-1].row_type
    if not has(last, "video_id"):
        return "SELECT video_id, 0 AS n FROM videos WHERE false"
    return f"SELECT video_id, count(*) AS n FROM {quoted(last.table)} GROUP BY video_id"  # noqa: S608


def _lost_items(tables: dict[str, BuiltTable]) -> str:
    """For each video how many items it had, and at which gates they fell, most frequent first."""
    if not {"items", "verdicts"} <= tables.keys():
        return "SELECT video_id, 0 AS n_items, '' AS gates FROM videos WHERE false"
    return """
        WITH fallen AS (
            SELECT video_id, gate, count(DISTINCT item_id) AS n FROM verdicts WHERE NOT passed GROUP BY video_id, gate
        ), gates AS (
            SELECT video_id, string_agg(gate || ' ' || n, ', ' ORDER BY n DESC, gate) AS gates
            FROM fallen GROUP BY video_id
        )
        SELECT video_id, count(*) AS n_items, coalesce(any_value(gates), 'no gate says why') AS gates
        FROM items LEFT JOIN gates USING (video_id) GROUP BY video_id"""


def _last_seen(built: Built) -> str:
    """The last table of the recipe in which each video has a row."""
    seen = [
        f"SELECT DISTINCT video_id, {nth} AS nth, '{table.row_type.table}' AS name FROM {quoted(table.row_type.table)}"  # noqa: S608
        for nth, table in enumerate(built.tables)
        if has(table.row_type, "video_id")
    ]
    return f"SELECT video_id, arg_max(name, nth) AS name FROM ({' UNION ALL '.join(seen)}) GROUP BY video_id"  # noqa: S608


OUTCOMES = """
WITH by_source AS (
    SELECT row_id AS source_id, reason, detail FROM rejects WHERE from_table = 'sources'
    QUALIFY row_number() OVER (PARTITION BY row_id ORDER BY nth, reject_id) = 1
), by_video AS (
    SELECT video_id, reason, detail, count(*) OVER (PARTITION BY video_id) AS n FROM rejects WHERE video_id IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY video_id ORDER BY nth, reject_id) = 1
), facts AS (
    SELECT sources.source_id, sources.uri, coalesce(videos.video_id, copied.video_id) AS video_id,
           copied.kept_uri, coalesce(kept.n, 0) AS n_samples, lost_items.n_items, lost_items.gates,
           last_seen.name AS last_table,
           by_source.reason AS source_reason, by_source.detail AS source_detail,
           by_video.reason AS video_reason, by_video.detail AS video_detail, by_video.n AS n_rejects,
           videos.video_id IS NOT NULL AS is_video
    FROM sources
    LEFT JOIN videos ON videos.source_id = sources.source_id
    LEFT JOIN copied ON copied.source_id = sources.source_id
    LEFT JOIN kept ON kept.video_id = videos.video_id
    LEFT JOIN lost_items ON lost_items.video_id = videos.video_id
    LEFT JOIN last_seen ON last_seen.video_id = videos.video_id
    LEFT JOIN by_source ON by_source.source_id = sources.source_id
    LEFT JOIN by_video ON by_video.video_id = videos.video_id
), judged AS (
    SELECT *, CASE
        WHEN kept_uri IS NOT NULL OR (NOT is_video AND source_reason = 'duplicate') THEN 'copy'
        WHEN n_samples > 0 THEN 'published'
        WHEN NOT is_video AND source_reason IS NOT NULL THEN 'rejected'
        WHEN n_items IS NULL AND video_reason IS NOT NULL THEN 'rejected'
        ELSE 'without items' END AS outcome
    FROM facts
)
SELECT source_id, uri, video_id, outcome, n_samples,
    CASE outcome
        WHEN 'copy' THEN 'duplicate'
        WHEN 'rejected' THEN coalesce(source_reason, video_reason)
        WHEN 'without items' THEN 'nothing_to_ask' END AS reason,
    CASE
        WHEN outcome = 'copy' THEN coalesce('the same content as ' || kept_uri, source_detail)
        WHEN outcome = 'rejected' AND source_reason IS NULL AND n_rejects > 1
            THEN video_detail || ' (and ' || (n_rejects - 1) || ' more rejects)'
        WHEN outcome = 'rejected' THEN coalesce(source_detail, video_detail)
        WHEN outcome = 'published' THEN NULL
        WHEN n_items IS NOT NULL THEN n_items || ' items, none kept: ' || gates
        WHEN last_table IS NOT NULL THEN 'no table after ' || last_table || ' speaks of it'
        ELSE 'no table and no reject speaks of it' END AS detail
FROM judged
"""
