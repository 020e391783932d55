"""The end of a worker that hangs: even in C code, even while it holds the interpreter."""

import faulthandler
import time
from pathlib import Path
from typing import TextIO

from storage.files import make_folder

OFTEN_S = 1.0


class Hangs:
    """A clock that ends this process, with its stacks in a file, unless somebody says in time that work goes on."""

    def __init__(self, after_s: float, told_to: Path) -> None:
        self._after_s, self._told_to = after_s, told_to
        self._file: TextIO | None = None
        self._set_at = -OFTEN_S

    def goes_on(self) -> None:
        """Sets the clock anew."""
        now = time.monotonic()
        if not self._after_s or now - self._set_at < min(OFTEN_S, self._after_s / 4):
            return
        if self._file is None:
            make_folder(self._told_to.parent)
            self._file = self._told_to.open("a", encoding="utf-8")
        faulthandler.dump_traceback_later(self._after_s, exit=True, file=self._file)
        self._set_at = now

    def done(self) -> None:
        """Stops the clock."""
        if self._file is not None:
            faulthandler.cancel_dump_traceback_later()
            self._set_at = -OFTEN_S
