"""One Ray for all tests that need one: it costs seconds to start."""

from collections.abc import Iterator

import pytest

from infra.profile import Profile, RayPart, Workers
from infra.ray_place import RayPlace


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[RayPlace]:
    """A Ray with two cores, joined by this process: every engine that a test starts is its guest."""
    place = RayPlace(Profile(workers=Workers(cpus=2, memory_gb=4), ray=RayPart(object_store_mb=100)))
    yield place
    place.leave()
