"""A part of the bars, three minutes in all; ``make chaos`` shows every one, and whole."""

from pathlib import Path

import pytest

from tests.chaos.bar import Bar, CannotShow, Scale
from tests.chaos.bars import bars

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("bar", [bar for bar in bars() if bar.in_suite], ids=lambda bar: bar.name)
def test_a_bar_holds(bar: Bar, tmp_path: Path) -> None:
    try:
        shown = bar.show(tmp_path, Scale(whole=False))
    except CannotShow as why:
        pytest.skip(f"{bar.name} cannot be shown here: {why}")
    assert shown.held, f"{bar.name} ({bar.promise}): {shown.figures}"
