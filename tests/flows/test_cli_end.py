import importlib
import signal
from pathlib import Path

import pytest

from flows.cli_end import Interrupted, interruptible

# As some compiled modules do: whatever is raised while they register themselves is forgotten.
SWALLOWS = """
import signal
try:
    signal.raise_signal(signal.SIGINT)
except BaseException:
    pass
"""


def test_an_interrupt_that_an_import_would_swallow_comes_right_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "swallows.py").write_text(SWALLOWS)
    monkeypatch.syspath_prepend(tmp_path)
    with interruptible():
        importlib.import_module("swallows")
        with pytest.raises(Interrupted) as asked:
            signal.pause()
    assert asked.value.number == signal.SIGINT


def test_an_interrupt_anywhere_else_comes_at_once() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptible(), pytest.raises(Interrupted):
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
