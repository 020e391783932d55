import json
from pathlib import Path

import pytest

from schemas.errors import BadInput, NotPublishable
from storage.layout import Workspace
from storage.publish import publish
from storage.rehearsed import is_rehearsed, mark, mark_of
from tests.storage.runs import built


def test_a_rehearsal_is_never_published(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "tried")
    mark(workspace, {"seed": 7})
    run = built(workspace)
    with pytest.raises(NotPublishable, match=r"is a rehearsal.*rushes build.*another folder"):
        publish(workspace, run)
    assert not workspace.versions.exists()
    assert json.loads(mark_of(workspace).read_text())["teacher"] == {"seed": 7}


def test_a_rehearsal_does_not_mix_with_what_was_built_for_real(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.cells.mkdir()
    with pytest.raises(BadInput, match="a folder of its own"):
        mark(workspace, {})
    assert not is_rehearsed(workspace)


def test_a_rehearsal_may_go_on_where_it_stopped(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    mark(workspace, {"seed": 1})
    workspace.cells.mkdir()
    mark(workspace, {"seed": 2})
    assert is_rehearsed(workspace)
