"""Models that several tests ask: made once."""

from pathlib import Path

import pytest

from tests.infra.models import tiny


@pytest.fixture(scope="session")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a text model."""
    return tiny.writer(tmp_path_factory.mktemp("writer"))
