"""An item that falls at several gates is counted once, at the same gate wherever the funnel is told."""

from dataclasses import replace
from pathlib import Path

from flows.funnel import funnel
from schemas.items import Guess, Verdict
from schemas.rejects import reject
from stages.guess import GuessBlind
from storage.blobs import Blobs
from storage.layout import Workspace
from storage.outcomes import show as show_outcomes
from storage.publish_cells import connect, show
from storage.report.ask import tables_of
from storage.report.facts import funnel as reported
from tests.storage.runs import built, parts


def test_the_command_line_and_the_report_count_what_fell_at_the_same_gates(tmp_path: Path) -> None:
    """What `parts` has fall at veracity falls here at those of context and ambiguity, too; an answer was refused."""
    workspace = Workspace(tmp_path)
    given = parts(Blobs(workspace.blobs))
    for part in given:
        told = [one for one in part.rows[Verdict] if isinstance(one, Verdict)]
        fallen = {one.item_id for one in told if not one.passed}
        part.rows[Verdict] = [
            replace(one, passed=False) if one.item_id in fallen and one.gate in ("context", "ambiguity") else one
            for one in told
        ]
        part.rejects[Guess] = [reject(GuessBlind(), told[0], "refused", "a member of a panel")]
    run = built(workspace, given)
    with connect(tmp_path) as connection:
        show(connection, run)
        show_outcomes(connection, run)
        in_report = reported(tables_of(connection))[-1]
    on_screen = funnel(run).steps[-1]
    assert dict(in_report.lost) == dict(on_screen.lost) == {"context": 6}
