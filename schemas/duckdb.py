"""A row type as DuckDB DDL with checks, and as the conditions that a bad row breaks."""

from schemas.columns import Column, columns
from schemas.row import Row

TYPES = {
    "bool": "BOOLEAN",
    "int64": "BIGINT",
    "uint64": "UBIGINT",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "string": "VARCHAR",
    "binary": "BLOB",
}


def quoted(name: str) -> str:
    """The name as a DuckDB identifier, safe whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """The text as a DuckDB string literal, safe whatever it holds."""
    return "'" + value.replace("'", "''") + "'"


def create(row_type: type[Row], name: str | None = None) -> str:
    """CREATE TABLE for a row type, under its own name or another, with every bound and rule as a check."""
    lines = [_declaration(row_type, column) for column in columns(row_type)]
    lines += [f"CHECK ({condition})" for condition in conditions(row_type).values()]
    return f"CREATE TABLE {quoted(name or row_type.table)} (\n  " + ",\n  ".join(lines) + "\n)"


def _declaration(row_type: type[Row], column: Column) -> str:
    null = "" if column.nullable else " NOT NULL"
    key = " PRIMARY KEY" if column.name == row_type.key else ""
    return f"{quoted(column.name)} {TYPES[column.arrow]}{'[]' if column.repeated else ''}{null}{key}"


def conditions(row_type: type[Row]) -> dict[str, str]:
    """What must be true of every row, as SQL by readable name. NULL counts as true, as in a CHECK."""
    found = {rule: f"({rule})" for rule in row_type.rules}
    for column in columns(row_type):
        found |= {f"{column.name} {text}": f"{quoted(column.name)} {text}" for text in _bounds(column)}
        found |= {f"length of {column.name} {text}": f"len({quoted(column.name)}) {text}" for text in _lengths(column)}
        if column.json:
            found[f"{column.name} is JSON"] = f"json_valid({quoted(column.name)})"
    return found


def _bounds(column: Column) -> list[str]:
    if column.repeated:
        return []
    limits = {">=": column.at_least, ">": column.above, "<=": column.at_most, "<": column.below}
    texts = [f"{sign} {limit}" for sign, limit in limits.items() if limit is not None]
    if column.choices:
        texts.append("IN (" + ", ".join(literal(choice) for choice in column.choices) + ")")
    return texts


def _lengths(column: Column) -> list[str]:
    limits = {">=": column.min_length, "<=": column.max_length}
    return [f"{sign} {limit}" for sign, limit in limits.items() if limit is not None]
