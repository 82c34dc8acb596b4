"""What a run logged that is no number, with where its bytes are."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from api.schemas.media import MediaKey, MediumShown, OverlayShown
from store import media, overlays
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
    over = {medium.place: overlays.of_details(medium.details) for medium in found}
    paths = {medium.path for medium in found if medium.path} | {each.path for some in over.values() for each in some}
    files = media.files(session, run_id, paths)
    labels = overlays.Labels(session, run_id) if any(over.values()) else None

    def lies_over(medium: Medium) -> list[OverlayShown]:
        return [
            {"kind": each.kind, "name": each.name, "content": _content(files.get(each.path)), "labels": labels.of(medium.key, each) if labels else {}}
            for each in over[medium.place]
        ]

    return [_shown(medium, files.get(medium.path or ""), lies_over(medium)) for medium in found]


def _content(file: Artifact | None) -> str | None:
    return CONTENT.format(file.id) if file else None


def _shown(medium: Medium, file: Artifact | None, over: list[OverlayShown]) -> MediumShown:
    histogram = medium.histogram
    return {
        "key": medium.key,
        "step": medium.step,
        "index": medium.index,
        "kind": medium.kind,
        "caption": medium.caption,
        "path": medium.path,
        "artifact": file.id if file else None,
        "content": _content(file),
        "size_bytes": file.size_bytes if file else None,
        "details": dict(medium.details),
        "histogram": {"edges": list(histogram.edges), "counts": list(histogram.counts)} if histogram else None,
        "overlays": over,
    }
