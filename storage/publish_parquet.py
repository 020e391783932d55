"""Published Parquet: few large files, whose bytes depend on nothing but the rows."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.columns import columns
from schemas.errors import NotPublishable
from schemas.row import Row

ROWS_PER_GROUP = 16_384
ROLL_BYTES = 128 << 20


def write(groups: Iterable[pa.Table], schema: pa.Schema, folder: Path, stem: str) -> list[Path]:
    """The files ``<stem>-00000.parquet`` ... in ``folder`` that hold the groups, a row group each.

    A new file begins where the last has reached 128 MB. Without any rows there is one file, with the schema alone.
    The bytes hold neither times nor paths, so equal groups give equal files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    waiting = iter(groups)
    group = next(waiting, schema.empty_table())
    while group is not None:
        files.append(folder / f"{stem}-{len(files):05d}.parquet")
        with pa.OSFile(str(files[-1]), "wb") as sink, _writer(sink, schema) as writer:
            while group is not None and sink.tell() < ROLL_BYTES:
                writer.write_table(group, row_group_size=max(1, group.num_rows))
                group = next(waiting, None)
    return files


def _writer(sink: pa.NativeFile, schema: pa.Schema) -> pq.ParquetWriter:
    plain = [field.name for field in schema if not _is_bulky(field.type)]
    return pq.ParquetWriter(sink, schema, compression="zstd", write_page_checksum=True, use_dictionary=plain)


def _is_bulky(kind: pa.DataType) -> bool:
    """Whether values of this type hold bytes: no two are alike, so a dictionary of them would be a second copy."""
    if pa.types.is_list(kind):
        return _is_bulky(kind.value_type)
    return bool(pa.types.is_struct(kind) or pa.types.is_binary(kind))


def groups(reader: pa.RecordBatchReader, row_type: type[Row], schema: pa.Schema) -> Iterator[pa.Table]:
    """What the reader gives, in tables of exactly 16,384 rows (the last has fewer), as the table's own types.

    Raises NotPublishable for a null where the table allows none.
    """
    waiting: list[pa.Table] = []
    n_waiting = 0
    for batch in reader:
        waiting.append(_typed(pa.Table.from_batches([batch]), row_type, schema))
        n_waiting += batch.num_rows
        while n_waiting >= ROWS_PER_GROUP:
            held = pa.concat_tables(waiting)
            yield held.slice(0, ROWS_PER_GROUP).combine_chunks()
            waiting, n_waiting = [held.slice(ROWS_PER_GROUP)], n_waiting - ROWS_PER_GROUP
    if n_waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def _typed(table: pa.Table, row_type: type[Row], schema: pa.Schema) -> pa.Table:
    for column in columns(row_type):
        if not column.nullable and table[column.name].null_count:
            keys = table.filter(table[column.name].is_null())[row_type.key].to_pylist()
            raise NotPublishable(
                f"{row_type.table}: {column.name} is missing in {len(keys)} row(s), "
                f"first {row_type.key} = {keys[0]!r}, though every row must have it; "
                f"fix the step that makes {row_type.table!r} and build again"
            )
    return table.cast(schema)


def total_rows(files: Sequence[Path]) -> int:
    """How many rows the Parquet files hold together, by their footers."""
    return sum(pq.read_metadata(file).num_rows for file in files)
