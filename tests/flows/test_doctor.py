"""What is missing on a machine is said, with its remedy: by the doctor, and by every build that it concerns."""

import sys
from pathlib import Path

import pytest

from flows import cli_build, doctor
from flows.wish import Wish
from stages import sandbox
from tests.flows.toys import write_footage, write_toy

LACKING = sandbox.Layers(session=True, parent_death=True, rlimits=True, landlock_abi=0, files=False, sockets=False)
WHOLE = sandbox.Layers(session=True, parent_death=True, rlimits=True, landlock_abi=4, files=True, sockets=True)


@pytest.fixture
def _without_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "layers", lambda: LACKING)


@pytest.fixture
def wish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wish:
    """A build of the toy recipe in this process."""
    monkeypatch.setenv("PREFECT_API_URL", "")
    monkeypatch.setattr(sys, "path", list(sys.path))
    recipe, footage = write_toy(tmp_path), write_footage(tmp_path / "footage")
    to = str(tmp_path / "dataset")
    return Wish(recipe=str(recipe), videos=[str(footage)], to=to, engine="inline", publish=False)


@pytest.mark.slow
@pytest.mark.parametrize(("layers", "said"), [(LACKING, ["the sandbox lacks files, sockets"]), (WHOLE, [])])
def test_a_build_says_at_its_start_which_layers_of_the_sandbox_are_missing(
    wish: Wish,
    layers: sandbox.Layers,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sandbox, "layers", lambda: layers)
    cli_build.run(wish)
    told = capsys.readouterr().err.splitlines()
    assert [line[len("rushes: ") :].partition(" on this machine")[0] for line in told if "sandbox" in line] == said
    assert "rushes doctor" in told[0] or not said


@pytest.mark.usefixtures("_without_layers")
@pytest.mark.slow
def test_the_doctor_names_each_missing_layer_and_its_remedy() -> None:
    found = {finding.name: finding for finding in doctor.findings(Path.cwd())}
    assert found["sandbox"].detail == "holds: session, parent_death, rlimits"
    for name in ("sandbox: files", "sandbox: sockets"):
        assert found[name].state == "could use"
        assert found[name].remedy


def test_every_layer_has_its_remedy() -> None:
    assert set(doctor.SANDBOX) == set(sandbox.Layers.__dataclass_fields__) - {"landlock_abi"}
