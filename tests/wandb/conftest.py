"""A service, and the wandb SDK as its client."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sdk import Sdk
from servers import Valkey
from service import Service


@pytest.fixture(scope="session")
def wandb_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    pytest.importorskip("wandb")
    folder = tmp_path_factory.mktemp("wandb-service")
    valkey = Valkey().start()
    service = Service(folder, f"sqlite:///{folder / 'runtwice.db'}", valkey)
    service.start_api()
    yield service
    service.stop()
    valkey.stop()


@pytest.fixture(scope="session")
def make_sdk(wandb_service: Service) -> Callable[[Path], Sdk]:
    """An SDK whose folder the test names, for what several tests look at."""
    return lambda folder: Sdk(folder, f"http://127.0.0.1:{wandb_service.port}", wandb_service.key)


@pytest.fixture
def sdk(wandb_service: Service, tmp_path: Path) -> Sdk:
    return Sdk(tmp_path, f"http://127.0.0.1:{wandb_service.port}", wandb_service.key)
