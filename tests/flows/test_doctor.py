"""What is missing on a machine is said, with its remedy: by the doctor, and by every build that it concerns."""

from pathlib import Path

import pytest

from flows import cli_build, doctor
from stages import sandbox

LACKING = sandbox.Layers(session=True, parent_death=True, rlimits=True, landlock_abi=0, files=False, sockets=False)


@pytest.fixture
def _without_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "layers", lambda: LACKING)


@pytest.mark.usefixtures("_without_layers")
def test_a_build_says_which_layers_of_the_sandbox_are_missing(capsys: pytest.CaptureFixture[str]) -> None:
    cli_build._tell_of_the_sandbox()
    assert "lacks files, sockets" in capsys.readouterr().err


@pytest.mark.usefixtures("_without_layers")
def test_the_doctor_names_each_missing_layer_and_its_remedy() -> None:
    found = {finding.name: finding for finding in doctor.findings(Path.cwd())}
    assert found["sandbox"].detail == "holds: session, parent_death, rlimits"
    for name in ("sandbox: files", "sandbox: sockets"):
        assert found[name].state == "could use"
        assert found[name].remedy


def test_every_layer_has_its_remedy() -> None:
    assert set(doctor.SANDBOX) == set(sandbox.Layers.__dataclass_fields__) - {"landlock_abi"}


def test_a_machine_with_all_layers_hears_nothing_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    if sandbox.layers().missing:
        pytest.skip(f"this machine lacks {sandbox.layers().missing}")
    cli_build._tell_of_the_sandbox()
    assert capsys.readouterr().err == ""
