"""How a process is deployed: every `RUNTWICE_*` environment variable, for the API, the worker and the command line alike."""

from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Ge(0)]


class Settings(BaseSettings):
    """Read from the environment; `runtwice settings` lists them with these words."""

    model_config = SettingsConfigDict(env_prefix="RUNTWICE_", frozen=True, extra="ignore")

    data_dir: Path = Field(Path("runtwice-data"), description="folder of the SQLite file, artifacts, keys and sockets of this machine")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the data folder; postgresql://... for a team")
    broker_url: str = Field("", description="Redis or Valkey URL (redis://, rediss://, redis+socket://); empty: the embedded broker of `runtwice up`")
    artifacts_url: str = Field(
        "", description="object store, such as s3://bucket/prefix, where checkpoints are kept for all nodes; empty: the data folder"
    )
    host: str = Field("127.0.0.1", description="address the API binds to")
    port: Annotated[int, Ge(0), Le(65535)] = Field(8800, description="port the API binds to")
    public_url: str = Field("", description="the address users reach the service at, used in links; empty: http://host:port")
    allowed_hosts: str = Field("", description="comma-separated Host names answered to beside loopback and the public URL's; * for any")
    default_entity: str = Field("team", description="entity of a project named without one, for keys that belong to no single entity")
    api_processes: Annotated[int, Ge(1), Le(64)] = Field(1, description="API processes that `runtwice up` starts")
    most_streams: Annotated[int, Ge(0)] = Field(500, description="streams of events that one API process holds open; beyond it 503")
    body_limit_bytes: Annotated[int, Ge(1024)] = Field(20_000_000, description="largest request body; beyond it 413")
    dataset_limit_bytes: Annotated[int, Ge(1024)] = Field(2_000_000_000, description="largest data set, as uploaded and as decoded; beyond it 413")
    file_limit_bytes: Annotated[int, Ge(1024)] = Field(10_000_000_000, description="largest file that the wandb SDK uploads; beyond it 413")
    dataset_cache_bytes: Annotated[int, Ge(0)] = Field(
        20_000_000_000, description="data sets a worker keeps on its own disk; beyond it those go that no run wanted for an hour"
    )
    memory_limit_mb: Annotated[int, Ge(64)] = Field(8192, description="largest estimated memory of one run; a config beyond it is refused")
    node: str = Field("", description="name this worker registers under; empty: the host name")
    slots: Annotated[int, Ge(0), Le(256)] = Field(0, description="runs this worker trains at once; 0: one per core, or one per GPU")
    queues: str = Field("", description="comma-separated queues this worker serves; empty: cpu, and cuda where a GPU is found")
    threads: Annotated[int, Ge(0), Le(1024)] = Field(0, description="overrides every config's thread count on this worker; 0: as the config says")
    lease_s: Annotated[float, Ge(1)] = Field(15.0, description="how long a worker that stopped answering keeps its runs")
    reap_every_s: Annotated[float, Ge(0.05)] = Field(2.0, description="how often lost runs are looked for")
    max_attempts: Annotated[int, Ge(1)] = Field(3, description="tries before a run that keeps losing its worker is failed")
    client_timeout_s: Annotated[float, Ge(1)] = Field(300.0, description="silence after which a run logged by a client counts as crashed")
    image: str = Field("", description="what the operator names this build by, such as an image's tag: a verdict judged with another one is stale")
    signing_key_file: str = Field("", description="Ed25519 private key (PEM) that signs receipts; empty: made in the data folder. Replicas share one")
    webhooks_to_private: bool = Field(False, description="let webhooks go to loopback and private addresses too")
    log_level: str = Field("info", description="debug, info, warning or error")

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'runtwice.db'}"

    @property
    def datasets_dir(self) -> Path:
        """Where a worker keeps the data sets it has trained on."""
        return self.data_dir / "datasets"

    @property
    def artifacts_dir(self) -> Path:
        return self.data_dir / "artifacts"

    @property
    def url(self) -> str:
        """Where users reach the service, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
