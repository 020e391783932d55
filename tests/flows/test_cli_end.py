import importlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
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


def test_what_nohup_ignores_is_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_interrupt_of_a_query_is_no_error() -> None:
    """DuckDB drops what a signal's handler raises, and raises an error of its own."""
    reading = threading.Event()

    def batches() -> Iterator[pa.RecordBatch]:
        for _ in range(100_000):
            yield pa.record_batch({"n": range(1000)})
            reading.set()

    connection = duckdb.connect(config={"threads": "1"})
    connection.register("numbers", pa.RecordBatchReader.from_batches(pa.schema({"n": pa.int64()}), batches()))
    main = threading.get_ident()

    def ask() -> None:
        reading.wait()
        signal.pthread_kill(main, signal.SIGINT)

    asking = threading.Thread(target=ask)
    asking.start()
    with pytest.raises(Interrupted) as asked, interruptible():
        connection.execute("SELECT sum(one.n) FROM numbers one")
    asking.join()
    assert asked.value.number == signal.SIGINT
