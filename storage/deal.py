"""Dealing: which source belongs to which part, decided once, without reading any footage."""

import dataclasses
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas.arrow import schema, to_table
from schemas.columns import columns
from schemas.errors import BadInput, Damaged
from schemas.media import Source
from schemas.units import SourceId
from storage.files import Landing, land_new
from storage.layout import LAST_PART, part_name, part_of, rows_path
from storage.seal import check
from storage.tables import Making, read, write

DEALS = "deals"
PART_BYTES = 64 * 2**20
LARGEST_PART_BYTES = 2**30
FEWEST, MOST = 16, 1000
# What a file costs beside its bytes (opening, starting a decoder), as bytes: measured in docs/benchmarks/machinery.md.
FILE_BYTES = 2**20

Facts = tuple[Any, ...]
FACTS = tuple(column.name for column in columns(Source) if column.name != "source_id")


@dataclass(frozen=True)
class Dealt:
    """The parts that hold exactly the given sources, and those among them that are new. Nothing has been written."""

    parts: tuple[int, ...]
    new: Mapping[int, Sequence[Source]] = field(default_factory=dict)
    first_free: int = 0


def plan_parts(folder: Path, sources: Iterable[Source]) -> Dealt:
    """The dealing that ``deal`` would commit into the folder of the table ``sources``.

    Parts whose sources are all given, unchanged, stay as they are. All other sources are dealt into new parts, of
    about equal work. The same sources give the same parts, in whatever order they are given and on any machine.
    Raises BadInput when one address is given with two different provenances.
    """
    given = _by_facts(sources)
    known: dict[int, list[Facts]] = {}
    for part, facts in _known(folder):
        known.setdefault(part, []).append(facts)
    kept: list[int] = []
    open_facts = dict(given)
    for part, facts_of_part in sorted(known.items()):
        if all(facts in open_facts for facts in facts_of_part):
            kept.append(part)
            for facts in facts_of_part:
                del open_facts[facts]
    first_free = max(known, default=-1) + 1
    new = dict(enumerate(_bins(list(open_facts.values())), start=first_free))
    return Dealt((*kept, *new), new, first_free)


def deal(folder: Path, sources: Sequence[Source]) -> tuple[int, ...]:
    """The parts that hold exactly these sources, committed as the cells of the table ``sources``.

    One file under ``deals/`` commits a whole dealing, so that one cut off in the middle is finished, not repeated
    otherwise. Of two runs that deal at the same time, the later builds on what the earlier dealt.
    """
    while True:
        dealt = plan_parts(folder, sources)
        if not dealt.new or _commit_deal(folder, dealt):
            cut(folder, dealt.parts)
            return dealt.parts


def _by_facts(sources: Iterable[Source]) -> dict[Facts, Source]:
    given: dict[Facts, Source] = {}
    for source in sources:
        given.setdefault(_facts(source), source)
    addresses: set[str] = set()
    for source in given.values():
        if source.uri in addresses:
            raise BadInput(f"{source.uri} is given twice with different facts; keep one line of it in the manifest")
        addresses.add(source.uri)
    return given


def _facts(source: Source) -> Facts:
    return tuple(getattr(source, name) for name in FACTS)


def _known(folder: Path) -> Iterator[tuple[int, Facts]]:
    for table in _deals(folder):
        parts = [part_of(source_id) for source_id in table["source_id"].to_pylist()]
        yield from zip(parts, zip(*(table[name].to_pylist() for name in FACTS), strict=True), strict=True)


def _deals(folder: Path) -> Iterator[pa.Table]:
    for path in deal_paths(folder):
        check(path)
        yield read(path)


def deal_paths(folder: Path) -> list[Path]:
    """The files of all dealings, in the order of their parts."""
    return sorted((folder / DEALS).glob("[0-9]*.parquet"))


def mend_deal(path: Path) -> None:
    """Puts a damaged dealing together again, out of the cells that were cut from it. Raises Damaged if one is, too."""
    folder, first = path.parent.parent, part_of(path.name)
    later = [part_of(other.name) for other in deal_paths(folder) if part_of(other.name) > first]
    end = min(later, default=LAST_PART + 1)
    cells = sorted(cell for cell in folder.glob("[0-9]*.parquet") if first <= part_of(cell.name) < end)
    try:
        for cell in cells:
            check(cell)
    except Damaged as error:
        raise Damaged(
            f"{path} is damaged, and so is what it could be made from ({error.args[0]}); build into a new folder"
        ) from None
    with Landing() as landing:
        write(pa.concat_tables([schema(Source).empty_table(), *map(read, cells)]), landing.path(path), Making())


def _bins(sources: Sequence[Source]) -> list[list[Source]]:
    """The sources in parts of about equal work, the heaviest part first, each part in the order of addresses.

    Longest first into the lightest part: at most 4/3 of the best possible balance (Graham 1969).
    """
    work = sum(min(_work(source), LARGEST_PART_BYTES) for source in sources)  # one file is one part's work at most
    bins: list[list[Source]] = [[] for _ in range(how_many(work, len(sources)))]
    lightest = [(0, number) for number in range(len(bins))]
    for source in sorted(sources, key=lambda source: (-_work(source), source.uri)):
        load, number = heapq.heappop(lightest)
        bins[number].append(source)
        heapq.heappush(lightest, (load + _work(source), number))
    ordered = [sorted(part, key=lambda source: source.uri) for part in bins]
    return sorted(ordered, key=lambda part: (-sum(map(_work, part)), part[0].uri))


def _work(source: Source) -> int:
    return source.size_bytes + FILE_BYTES


def how_many(work: int, n: int) -> int:
    """The number of parts for ``n`` sources of so much work in bytes.

    About 64 MB each; at least 16, so that a few cores have something to share out; at most 1000, so that a run with
    nothing to do stays quick; but more than 1000 rather than parts above 1 GB, which would not fit into a worker.
    """
    most = max(MOST, -(-work // LARGEST_PART_BYTES))
    return max(min(n, FEWEST), min(n, most, -(-work // PART_BYTES)))


def _commit_deal(folder: Path, dealt: Dealt) -> bool:
    rows = [
        dataclasses.replace(source, source_id=SourceId(f"{part_name(part)}/{number:06d}"))
        for part, sources in dealt.new.items()
        for number, source in enumerate(sources)
    ]
    final = folder / DEALS / f"{part_name(dealt.first_free)}.parquet"
    table = to_table(Source, rows)
    return land_new(final, lambda path: write(table, path, Making()))


def cut(folder: Path, parts: Sequence[int]) -> None:
    """The cells of parts that have none yet, cut out of the dealings. Raises Damaged for a dealing that is."""
    missing = {part for part in parts if not rows_path(folder, part_name(part)).exists()}
    if not missing:
        return
    with Landing() as landing:
        for table in _deals(folder):
            starts = _starts(table)
            for part in sorted(missing & starts.keys()):
                first, end = starts[part]
                path = landing.path(rows_path(folder, part_name(part)))
                write(table.slice(first, end - first), path, Making({"table": "sources", "stage": "given"}))


def _starts(table: pa.Table) -> dict[int, tuple[int, int]]:
    """The half-open range of lines of each part; a deal is sorted by source id, hence by part."""
    ranges: dict[int, tuple[int, int]] = {}
    for line, source_id in enumerate(table["source_id"].to_pylist()):
        part = part_of(source_id)
        first, _ = ranges.get(part, (line, line))
        ranges[part] = (first, line + 1)
    return ranges
