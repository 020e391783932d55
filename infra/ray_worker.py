"""What runs inside a Ray actor."""

import dataclasses
import os

import pyarrow as pa

from infra.cell import CellMaker
from infra.order import Berth, Crew, Order, Outcome


class RayWorker:
    """Makes one cell after the other in a process of its own, and keeps opened tools between them."""

    def __init__(self, crew: Crew, berth: Berth, threads: int) -> None:
        pa.set_cpu_count(threads)
        pa.set_io_thread_count(1)
        self._maker = CellMaker(crew, dataclasses.replace(berth, name=f"{berth.name} {os.getpid()}"))

    def ready(self) -> None:
        """Returns once this worker can work: everything is imported."""

    def make(self, order: Order) -> Outcome:
        """The cell on disk, or the error that kept it from coming about."""
        return self._maker.make(order)
