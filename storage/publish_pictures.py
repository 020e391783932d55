"""Pictures in published tables: a column that Hugging Face shows, and files for those who want files."""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from schemas.errors import Damaged
from schemas.units import BlobId
from storage.blobs import Blobs
from storage.manifest import digest

PICTURES = "pictures"
IMAGES = "images"
IMAGE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
BYTES_PER_GROUP = 32 << 20
ROWS_PER_GROUP = 1_000


def with_images(schema: pa.Schema) -> pa.Schema:
    """The schema with a column ``images`` more, and the metadata by which ``datasets`` shows it as pictures."""
    wider = schema.append(pa.field(IMAGES, pa.list_(IMAGE)))
    features = {field.name: _feature(field.type) for field in wider}
    return wider.with_metadata({"huggingface": json.dumps({"info": {"features": features}}, sort_keys=True)})


def _feature(kind: pa.DataType) -> dict[str, Any]:
    """A column's type in the words of ``datasets``. ``Sequence`` is what versions before and after 4.0 both read."""
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "Sequence"}
    if kind == IMAGE:
        return {"_type": "Image"}
    return {"dtype": {"double": "float64", "float": "float32"}.get(str(kind), str(kind)), "_type": "Value"}


def illustrated(groups: Iterator[pa.Table], schema: pa.Schema, blobs: Blobs) -> Iterator[pa.Table]:
    """The rows with the bytes of their pictures in ``images``, in tables of at most 32 MB of pictures and 1,000 rows.

    A row with more has a table of its own. Raises Damaged for a picture that is gone or no longer what its name says.
    """
    for group in groups:
        start, size = 0, 0
        shown: list[list[dict[str, Any]]] = []
        for row, names in enumerate(group[PICTURES].to_pylist()):
            images = [{"bytes": read_blob(blobs, name), "path": name} for name in names or ()]
            weight = sum(len(image["bytes"]) for image in images)
            if shown and (size + weight > BYTES_PER_GROUP or len(shown) == ROWS_PER_GROUP):
                yield _joined(group.slice(start, len(shown)), shown, schema)
                start, size, shown = row, 0, []
            shown.append(images)
            size += weight
        yield _joined(group.slice(start, len(shown)), shown, schema)


def _joined(rows: pa.Table, images: list[list[dict[str, Any]]], schema: pa.Schema) -> pa.Table:
    return rows.append_column(IMAGES, pa.array(images, pa.list_(IMAGE))).cast(schema)


def read_blob(blobs: Blobs, name: str) -> bytes:
    """The bytes behind a blob's id. Raises Damaged when they are gone, or are not those the id was made of."""
    path = blobs.path(BlobId(name))
    try:
        found = path.read_bytes()
    except OSError as error:
        raise Damaged(
            f"{path}: a published row shows it, and it cannot be read ({error.strerror}); "
            "`rushes verify` and then the same build make it again"
        ) from None
    if digest(found) != name[:64]:
        raise Damaged(
            f"{path}: its bytes are no longer those it is named after; "
            "`rushes verify` and then the same build make it again"
        )
    return found
