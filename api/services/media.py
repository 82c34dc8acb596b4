"""What a run logged that is no number, with where its bytes are."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from api.schemas.media import MediaKey, MediumShown
from store import media
from store.media import Medium
from store.tables import Artifact

CONTENT = "/api/v1/artifacts/{}/content"
Kinds = Mapping[str, Mapping[str, int]]


def wanted(there: Kinds, keys: Sequence[str] | None, kinds: Sequence[str] | None) -> set[str]:
    """Those of the run's keys that were asked for; all when none was."""
    return {key for key, counts in there.items() if (keys is None or key in keys) and (kinds is None or not counts.keys().isdisjoint(kinds))}


def keys_shown(there: Kinds) -> list[MediaKey]:
    return [{"key": key, "kind": kind, "count": count} for key, counts in there.items() for kind, count in sorted(counts.items())]


def shown(session: Session, run_id: str, found: Sequence[Medium]) -> list[MediumShown]:
    files = media.files(session, run_id, {medium.path for medium in found if medium.path})
    return [_shown(medium, files.get(medium.path or "")) for medium in found]


def _shown(medium: Medium, file: Artifact | None) -> MediumShown:
    histogram = medium.histogram
    return {
        "key": medium.key,
        "step": medium.step,
        "index": medium.index,
        "kind": medium.kind,
        "caption": medium.caption,
        "path": medium.path,
        "artifact": file.id if file else None,
        "content": CONTENT.format(file.id) if file else None,
        "size_bytes": file.size_bytes if file else None,
        "details": dict(medium.details),
        "histogram": {"edges": list(histogram.edges), "counts": list(histogram.counts)} if histogram else None,
    }
