"""What the API is made of: one of each, made at the start and closed at the end."""

from dataclasses import dataclass

from api.auth import KnownCallers
from api.combiner import Combiner
from api.hub import Hub
from api.metrics import Metrics
from api.piece_cache import PieceCache
from api.signing import Signing
from api.streams import Shared
from store.artifacts import ArtifactFiles
from store.database import Database, connect
from store.settings import Settings
from worker.enqueue import TrainingQueue
from worker.herald import Herald

MOST_CURVES_BYTES = 48_000_000
MOST_LISTED_BYTES = 24_000_000  # some 10,000 runs of ten metrics
MOST_STUDIES_BYTES = 40_000_000


@dataclass(frozen=True)
class Parts:
    settings: Settings
    db: Database
    queue: TrainingQueue
    files: ArtifactFiles
    metrics: Metrics
    combiner: Combiner
    callers: KnownCallers
    curves: PieceCache
    listed: PieceCache
    studies: PieceCache
    herald: Herald
    hub: Hub
    shared: Shared
    signing: Signing

    @classmethod
    def of(cls, settings: Settings) -> "Parts":
        db = connect(settings.database)
        herald = Herald(settings.broker_url)
        db.on_written.append(herald.tell)
        return cls(
            settings,
            db,
            TrainingQueue(settings.broker_url),
            ArtifactFiles(settings.artifacts_dir),
            Metrics(),
            Combiner(db),
            KnownCallers(),
            PieceCache(MOST_CURVES_BYTES),
            PieceCache(MOST_LISTED_BYTES),
            PieceCache(MOST_STUDIES_BYTES),
            herald,
            Hub(db, settings.broker_url, settings.most_streams),
            Shared(),
            Signing(settings),
        )

    def close(self) -> None:
        self.combiner.stop()
        self.herald.close()
        self.queue.close()
        self.db.close()
