import random
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import BadInput
from schemas.media import Source
from storage.deal import FEWEST, LARGEST_PART_BYTES, MOST, PART_BYTES, deal, how_many, plan_parts
from storage.layout import part_name, rows_path
from storage.tables import read
from tests.builders import sources


def uris(folder: Path, parts: Sequence[int]) -> dict[int, list[str]]:
    return {part: read(rows_path(folder, part_name(part)))["uri"].to_pylist() for part in parts}


def test_every_source_is_dealt_once_with_an_id_of_its_part(tmp_path: Path) -> None:
    given_ = sources(*(f"{number}.mp4" for number in range(40)))
    parts = deal(tmp_path, given_)
    dealt = uris(tmp_path, parts)
    assert sorted(uri for part in dealt.values() for uri in part) == sorted(source.uri for source in given_)
    first = read(rows_path(tmp_path, "00003"))
    assert first["source_id"].to_pylist() == [f"00003/{number:06d}" for number in range(len(first))]


def test_the_order_in_which_sources_are_given_changes_nothing(tmp_path: Path) -> None:
    given_ = [replace(source, size_bytes=number**3) for number, source in enumerate(sources(*map(str, range(60))))]
    shuffled = random.Random(1).sample(given_, len(given_))
    assert uris(tmp_path / "a", deal(tmp_path / "a", given_)) == uris(tmp_path / "b", deal(tmp_path / "b", shuffled))


def test_parts_hold_about_equal_work(tmp_path: Path) -> None:
    sizes = random.Random(2).choices(range(10**6, 10**9), k=200)
    given_ = [
        replace(source, size_bytes=size) for source, size in zip(sources(*map(str, range(200))), sizes, strict=True)
    ]
    loads = [sum(s.size_bytes for s in part) for part in plan_parts(tmp_path, given_).new.values()]
    assert max(loads) <= max(*sizes, 1.34 * sum(sizes) / len(loads))
    assert loads == sorted(loads, reverse=True), "the heaviest part comes first"


def test_known_sources_keep_their_part_and_new_ones_get_new_parts(tmp_path: Path) -> None:
    old = deal(tmp_path, sources("a", "b"))
    both = deal(tmp_path, sources("c", "b", "a"))
    assert both[: len(old)] == old
    assert uris(tmp_path, both) == {0: ["/footage/a"], 1: ["/footage/b"], 2: ["/footage/c"]}
    assert deal(tmp_path, sources("b")) == (1,)


def test_a_part_that_lost_or_changed_a_source_is_dealt_anew_under_new_numbers(tmp_path: Path) -> None:
    names = [f"{number:02d}" for number in range(FEWEST * 2)]
    before = uris(tmp_path, deal(tmp_path, sources(*names)))
    changed = [replace(s, changed_us=2) if s.uri == before[0][0] else s for s in sources(*names)]
    after = uris(tmp_path, deal(tmp_path, changed))
    assert after.keys() == (before.keys() - {0}) | {FEWEST, FEWEST + 1}
    assert sorted(after[FEWEST] + after[FEWEST + 1]) == before[0]
    assert uris(tmp_path, deal(tmp_path, sources(*names))) == before, "what was given first is found again"


def test_a_dealing_that_was_cut_off_is_finished_not_repeated(tmp_path: Path) -> None:
    before = uris(tmp_path, deal(tmp_path, sources("a", "b", "c")))
    rows_path(tmp_path, "00001").unlink()
    assert uris(tmp_path, deal(tmp_path, sources("c", "b", "a"))) == before


def test_planning_writes_nothing(tmp_path: Path) -> None:
    assert plan_parts(tmp_path / "new", sources("a", "b")).parts == (0, 1)
    assert not list(tmp_path.iterdir())


def test_an_address_with_two_provenances_is_refused(tmp_path: Path) -> None:
    (one,) = sources("a")
    with pytest.raises(BadInput, match="/footage/a is given twice"):
        deal(tmp_path, [one, replace(one, license="CC0")])
    assert deal(tmp_path, [one, one]) == (0,)


def test_two_who_deal_at_once_use_different_parts(tmp_path: Path) -> None:
    dealt: dict[str, tuple[int, ...]] = {}
    start = threading.Barrier(4)

    def deal_alone(name: str) -> None:
        start.wait()
        dealt[name] = deal(tmp_path, sources(f"{name}1", f"{name}2"))

    threads = [threading.Thread(target=deal_alone, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(part for parts in dealt.values() for part in parts) == list(range(8))
    assert uris(tmp_path, dealt["b"]) == dict(zip(dealt["b"], (["/footage/b1"], ["/footage/b2"]), strict=True))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(st.sets(st.integers(0, 30), min_size=1), min_size=1, max_size=4))
@pytest.mark.slow
def test_whatever_is_given_the_parts_hold_exactly_that(
    rounds: list[set[int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("deal")
    for numbers in rounds:
        wanted = sources(*map(str, numbers))
        held = [uri for part in uris(folder, deal(folder, wanted)).values() for uri in part]
        assert sorted(held) == sorted(source.uri for source in wanted)


@given(work=st.integers(0, 10**15), n=st.integers(1, 10**6))
def test_the_number_of_parts_is_within_its_bounds(work: int, n: int) -> None:
    parts = how_many(work, n)
    assert min(n, FEWEST) <= parts <= n
    assert parts == n or parts <= max(MOST, FEWEST, -(-work // LARGEST_PART_BYTES))
    assert parts == n or parts >= MOST or work / parts <= PART_BYTES or parts >= work // PART_BYTES


def test_a_source_by_itself_is_one_part(tmp_path: Path) -> None:
    huge: list[Source] = [replace(source, size_bytes=10**12) for source in sources("film")]
    assert deal(tmp_path, huge) == (0,)


def test_a_file_that_claims_a_terabyte_does_not_scatter_the_others(tmp_path: Path) -> None:
    claimed = [replace(source, size_bytes=10**12) for source in sources("hole")]
    assert len(deal(tmp_path, [*sources(*map(str, range(200))), *claimed])) < 2 * FEWEST
