"""Versions of artifacts as the SDK reads them."""

import json
import mimetypes
from collections.abc import Callable, Sequence
from typing import Any

from api.problems import InvalidValue
from api.wandb import links, manifests
from api.wandb.asking import Asking
from api.wandb.at_hand import MOST, Listing
from api.wandb.ids import opaque, own
from api.wandb.times import moment
from store import memberships, runs, versions
from store.memberships import Membership
from store.tables import Collection, Run, Version, VersionFile

MOST_AT_ONCE = 5000
MOST_ALIASES = 100


def membership_shown(found: Membership | None, asking: Asking) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "id": opaque("ArtifactCollectionMembership", f"{found.collection.id}/{found.version.id}"),
        "versionIndex": found.number,
        "createdAt": moment(found.since),
        "aliases": aliases_shown(found.collection, memberships.aliases(asking.session, found)),
        "artifactCollection": found.collection,
        "artifact": found.version,
    }


def aliases_shown(collection: Collection, aliases: Sequence[str]) -> list[dict[str, Any]]:
    return [{"id": opaque("ArtifactAlias", f"{collection.id}/{alias}"), "alias": alias, "artifactCollection": collection} for alias in aliases]


def aliases(version: Version, asking: Asking) -> list[dict[str, Any]]:
    """Those of every collection that it stands in."""
    places = [place for place in memberships.everywhere(asking.session, version) if asking.caller.may_see(place.collection.project.entity)]
    return [alias for place in places for alias in aliases_shown(place.collection, memberships.aliases(asking.session, place))]


def aliases_given(input: dict[str, Any]) -> list[str]:
    """Raises InvalidValue."""
    found = [str(item.get("alias") or "") for item in input.get("aliases") or []]
    if len(found) > MOST_ALIASES or any(not 0 < len(alias) <= 256 or "\0" in alias or "/" in alias or ":" in alias for alias in found):
        raise InvalidValue("/aliases", f"an artifact takes at most {MOST_ALIASES} aliases of 1 to 256 characters, none of them / or :")
    return found


def tags_given(given: list[Any] | None) -> list[str]:
    """Raises InvalidValue."""
    found = [str(tag.get("tagName") if isinstance(tag, dict) else tag) for tag in given or []]
    if len(found) > MOST_ALIASES or any(not 0 < len(tag) <= 128 or "\0" in tag for tag in found):
        raise InvalidValue("/tags", f"takes at most {MOST_ALIASES} tags of 1 to 128 characters")
    return found


def value(found: Membership, name: str, asking: Asking) -> Any:
    """What a filter or an order finds under a name."""
    version, (known, _, rest) = found.version, name.partition(".")
    if known == "metadata":
        return _inside(version.details, rest)
    held: dict[str, Callable[[], Any]] = {
        "id": lambda: opaque("Artifact", version.id),
        "state": lambda: "COMMITTED",
        "version": lambda: f"v{found.number}",
        "number": lambda: found.number,
        "tag": lambda: list(version.tags),
        "alias": lambda: memberships.aliases(asking.session, found),
        "created_at": lambda: moment(version.created_at),
        "updated_at": lambda: moment(version.updated_at),
        "since": lambda: version.created_at,
        "linked_at": lambda: found.since,
        "size": lambda: version.size_bytes,
        "digest": lambda: version.digest,
    }
    return held[known]()


def _inside(value: Any, path: str) -> Any:
    for key in path.split(".") if path else ():
        value = value.get(key) if isinstance(value, dict) else None
    return value


FILTERS = {
    **{name: name for name in ("id", "state", "version", "tag", "alias", "created_at", "updated_at", "metadata", "size", "digest")},
    **{"createdAt": "created_at", "updatedAt": "updated_at", "tags": "tag", "aliases": "alias", "versionIndex": "number", "version_index": "number"},
    **{"artifact_size": "size", "artifact_created_at": "created_at"},
}
ORDERS = {
    **{
        "created_at": "since",
        "createdAt": "since",
        "updated_at": "updated_at",
        "updatedAt": "updated_at",
        "version": "number",
        "versionIndex": "number",
    },
    **{"version_index": "number", "size": "size", "artifact_size": "size", "linked_at": "linked_at", "artifact_created_at": "since"},
    "acm_created_at": "linked_at",
}


def listing(asking: Asking) -> Listing[Membership]:
    return Listing(FILTERS, ORDERS, lambda found: f"{found.collection.id}/{found.version.id}", lambda found, name: value(found, name, asking))


def artifacts(collection: Collection, asking: Asking, **asked: Any) -> dict[str, Any]:
    """Newest first, when no other order is asked for."""
    held = listing(asking).matching(memberships.newest_first(asking.session, collection, 1 << 62, MOST), asked.get("filters"))
    page = listing(asking).page(held, f"versions {collection.id}", asked, "-version")
    edges = [{**edge, "node": edge["_thing"].version, "version": f"v{edge['_thing'].number}"} for edge in page["edges"]]
    return {**page, "edges": edges}


def files(version: Version, asking: Asking, **asked: Any) -> dict[str, Any]:
    limit = min(max(asked.get("first") or 50, 1), MOST_AT_ONCE)
    after = own("After", asked["after"]) if asked.get("after") else ""
    found = versions.files(asking.session, version, asked.get("names"), after, limit + 1)
    edges = [{"node": file(asking, version, row), "cursor": opaque("After", row.name)} for row in found[:limit]]
    page = {"endCursor": edges[-1]["cursor"] if edges else None, "hasNextPage": len(found) > limit, "hasPreviousPage": bool(after)}
    return {"edges": edges, "pageInfo": page, "totalCount": version.files}


def file(asking: Asking, version: Version, row: VersionFile) -> dict[str, Any]:
    """A reference has no address of ours: the SDK fetches it from where it is, or not at all."""
    address = links.to_get_version(asking.parts, asking.base_url, version.id, manifests.FILE + row.name) if row.sha256 else None
    return {
        "id": opaque("VersionFile", f"{version.id}/{row.name}"[:400]),
        "name": row.name,
        "displayName": row.name,
        "url": address,
        "directUrl": address,
        "sizeBytes": row.size_bytes,
        "mimetype": mimetypes.guess_type(row.name)[0] or "application/octet-stream",
        "updatedAt": moment(version.updated_at),
        "md5": row.md5,
        "digest": row.md5,
        "storagePath": f"versions/{version.id}/{row.name}",
    }


def manifest(version: Version, asking: Asking) -> dict[str, Any] | None:
    if version.manifest_sha256 is None:
        return None
    address = links.to_get_version(asking.parts, asking.base_url, version.id, manifests.MANIFEST)
    number = opaque("ArtifactManifest", version.id)
    return {"id": number, "digest": version.digest, "file": {"id": number, "name": "wandb_manifest.json", "directUrl": address, "url": address}}


def made_by(version: Version, asking: Asking) -> Run | None:
    run = asking.session.get(Run, version.logged_by) if version.logged_by else None
    return run if run is not None and runs.may_see(run, asking.caller.entity) else None


FIELDS = {
    "ArtifactCollectionMembership.files": lambda parent, asking, **asked: files(parent["artifact"], asking, **asked),
    "Artifact.id": lambda version, _asking: opaque("Artifact", version.id),
    "Artifact.artifactSequence": lambda version, _asking: version.collection,
    "Artifact.versionIndex": lambda version, _asking: version.number,
    "Artifact.artifactType": lambda version, asking: {"id": opaque("ArtifactType", version.collection.type), "name": version.collection.type},
    "Artifact.metadata": lambda version, _asking: json.dumps(version.details),
    "Artifact.ttlDurationSeconds": lambda version, _asking: -1 if version.ttl_s is None else version.ttl_s,
    "Artifact.ttlIsInherited": lambda version, _asking: version.ttl_s is None,
    "Artifact.tags": lambda version, _asking: [{"id": opaque("Tag", tag), "name": tag} for tag in version.tags],
    "Artifact.historyStep": lambda version, _asking: version.history_step,
    "Artifact.state": lambda version, _asking: "PENDING" if version.number is None else "COMMITTED",
    "Artifact.size": lambda version, _asking: version.size_bytes,
    "Artifact.digestAlgorithm": lambda _version, _asking: "MANIFEST_MD5",
    "Artifact.commitHash": lambda version, _asking: version.id,
    "Artifact.fileCount": lambda version, _asking: version.files,
    "Artifact.createdAt": lambda version, _asking: moment(version.created_at),
    "Artifact.updatedAt": lambda version, _asking: moment(version.updated_at),
    "Artifact.aliases": aliases,
    "Artifact.currentManifest": manifest,
    "Artifact.createdBy": made_by,
    "Artifact.usedBy": lambda version, asking: {"edges": [{"node": run} for run in versions.users(asking.session, version)]},
    "Artifact.files": files,
}
of_project = {"Project.artifact": lambda project, asking, name: _version(memberships.named(asking.session, project, name))}


def _version(found: Membership | None) -> Version | None:
    return None if found is None else found.version
