"""What runs inside a Ray actor."""

import dataclasses
import os
import sys
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from infra.cell import CellMaker
from infra.order import Berth, Crew, Order, Outcome


class RayWorker:
    """Makes one cell after the other in a process of its own, and keeps opened tools between them.

    ``path`` is the driver's import path. ``crew`` holds one reference, fetched here and not by Ray before: a recipe
    file of the user's can be imported only once its folder is on our path.
    """

    def __init__(self, path: Sequence[str], crew: Sequence[Any], berth: Berth, threads: int) -> None:
        import ray  # not before: whoever starts Ray has to set its environment first

        sys.path += [folder for folder in path if folder not in sys.path]
        own: Crew = ray.get(crew[0])
        pa.set_cpu_count(threads)
        pa.set_io_thread_count(1)
        self._maker = CellMaker(own, dataclasses.replace(berth, name=f"{berth.name} {os.getpid()}"))

    def ready(self) -> None:
        """Returns once this worker can work: everything is imported."""

    def make(self, order: Order) -> Outcome:
        """The cell on disk, or the error that kept it from coming about."""
        return self._maker.make(order)
