"""What a manifest says of models: the sums over all cells, and every version that a server said it was."""

from dataclasses import replace
from pathlib import Path

from schemas.arrow import to_table
from schemas.rejects import Reject
from storage.asked import ModelFacts, asked_of
from storage.built import Built, BuiltTable
from storage.layout import rows_path
from storage.tables import Making, write


def built(folder: Path, *told: dict[str, object]) -> Built:
    cells = []
    for number, models in enumerate(told):
        path = rows_path(folder, f"{number:05d}")
        write(to_table(Reject, []), path, Making({"models": models} if models else {}))
        cells.append(path)
    table = BuiltTable(Reject, "f", "Ask", 1, (), tuple(cells), ())
    return Built(recipe="toy", summary="", settings={}, plan="", tables=(table, replace(table, cells=())))


def test_answers_tokens_and_cost_are_summed_over_all_cells(tmp_path: Path) -> None:
    one = {"answers": 2, "tokens_in": 20, "tokens_out": 4, "cost_usd": 0.5, "versions": ["v1"]}
    told = asked_of(built(tmp_path, {"m@1": one}, {"m@1": one, "n@1": {}}, {}))
    assert told == {"m@1": ModelFacts(4, 40, 8, 1.0, ("v1",))}


def test_a_version_that_changes_on_the_way_shows(tmp_path: Path) -> None:
    told = asked_of(
        built(tmp_path, {"m@1": {"answers": 1, "versions": ["b"]}}, {"m@1": {"answers": 1, "versions": ["a"]}})
    )
    assert told["m@1"].versions == ("a", "b")


def test_cells_of_before_there_were_versions_can_be_read(tmp_path: Path) -> None:
    assert asked_of(built(tmp_path, {"m@1": {"answers": 1}}))["m@1"].versions == ()
