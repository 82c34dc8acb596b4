"""A service for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Valkey
from service import Service


@pytest.fixture
def service(database_url: str, tmp_path: Path, valkey: Valkey) -> Iterator[Service]:
    """API and one worker with one slot, on a database and broker of this test's own."""
    service = Service(tmp_path / "data", database_url, valkey, RUNTWICE_LEASE_S="60")
    try:
        service.start_api()
        service.start_worker("a")
        yield service
    finally:
        service.stop()
