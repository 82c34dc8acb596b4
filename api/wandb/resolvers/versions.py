"""Versions of artifacts as the SDK reads them."""

import json
import mimetypes
from typing import Any

from sqlalchemy import select

from api.wandb import links, manifests
from api.wandb.asking import Asking
from api.wandb.ids import opaque, own
from api.wandb.times import moment
from store import runs, versions
from store.tables import Collection, Project, Run, Version, VersionFile

MOST_AT_ONCE = 5000
NOTHING: dict[str, Any] = {"edges": []}


def kind(collection: Collection) -> dict[str, Any]:
    own_id, made = opaque("ArtifactType", f"{collection.project_id}/{collection.type}"), moment(collection.created_at)
    return {"id": own_id, "name": collection.type, "description": None, "createdAt": made, "_project": collection.project_id}


def kind_of_project(project: Project, asking: Asking, name: str) -> dict[str, Any] | None:
    query = select(Collection).where(Collection.project_id == project.id, Collection.type == name).order_by(Collection.created_at).limit(1)
    found = asking.session.scalars(query).one_or_none()
    return None if found is None else kind(found)


def collection_of_kind(parent: dict[str, Any], asking: Asking, name: str) -> Collection | None:
    project = asking.session.get_one(Project, parent["_project"])
    found = versions.find_collection(asking.session, project, name)
    return found if found is not None and found.type == parent["name"] else None


def membership(version: Version | None, asking: Asking) -> dict[str, Any] | None:
    if version is None or version.number is None:
        return None
    return {
        "id": opaque("ArtifactCollectionMembership", version.id),
        "versionIndex": version.number,
        "createdAt": moment(version.created_at),
        "aliases": aliases(version, asking),
        "artifactCollection": version.collection,
        "artifact": version,
    }


def aliases(version: Version, asking: Asking) -> list[dict[str, Any]]:
    found = versions.aliases(asking.session, version)
    named = [{"id": opaque("ArtifactAlias", f"{version.collection_id}/{alias}"), "alias": alias} for alias in found]
    return [{**alias, "artifactCollection": version.collection} for alias in named]


def artifacts(collection: Collection, asking: Asking, **asked: Any) -> dict[str, Any]:
    """Newest first."""
    limit = min(max(asked.get("first") or 50, 1), 1000)
    after = int(own("After", asked["after"])) if asked.get("after") else 1 << 62
    found = versions.listed(asking.session, collection, after, limit + 1)
    edges = [{"node": version, "version": f"v{version.number}", "cursor": opaque("After", str(version.number))} for version in found[:limit]]
    page = {"endCursor": edges[-1]["cursor"] if edges else None, "hasNextPage": len(found) > limit, "hasPreviousPage": bool(asked.get("after"))}
    return {"edges": edges, "pageInfo": page, "totalCount": versions.count(asking.session, collection)}


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
    "ArtifactType.artifactCollection": collection_of_kind,
    "ArtifactSequence.id": lambda collection, _asking: opaque("ArtifactSequence", collection.id),
    "ArtifactSequence.createdAt": lambda collection, _asking: moment(collection.created_at),
    "ArtifactSequence.updatedAt": lambda collection, _asking: moment(collection.created_at),
    "ArtifactSequence.state": lambda _collection, _asking: "READY",
    "ArtifactSequence.defaultArtifactType": lambda collection, _asking: kind(collection),
    "ArtifactSequence.latestArtifact": lambda collection, asking: versions.latest(asking.session, collection),
    "ArtifactSequence.tags": lambda _collection, _asking: NOTHING,
    "ArtifactSequence.artifacts": artifacts,
    "ArtifactSequence.artifactMembership": lambda found, asking, aliasName: membership(versions.of_alias(asking.session, found, aliasName), asking),
    "ArtifactCollectionMembership.files": lambda parent, asking, **asked: files(parent["artifact"], asking, **asked),
    "Artifact.id": lambda version, _asking: opaque("Artifact", version.id),
    "Artifact.artifactSequence": lambda version, _asking: version.collection,
    "Artifact.versionIndex": lambda version, _asking: version.number,
    "Artifact.artifactType": lambda version, _asking: kind(version.collection),
    "Artifact.metadata": lambda version, _asking: json.dumps(version.details),
    "Artifact.ttlDurationSeconds": lambda version, _asking: -1 if version.ttl_s is None else version.ttl_s,
    "Artifact.ttlIsInherited": lambda version, _asking: version.ttl_s is None,
    "Artifact.tags": lambda version, _asking: [{"id": opaque("Tag", tag), "name": tag} for tag in version.tags],
    "Artifact.historyStep": lambda _version, _asking: None,
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
of_project = {
    "Project.artifact": lambda project, asking, name: versions.named(asking.session, project, name),
    "Project.artifactType": kind_of_project,
    "Project.artifactCollection": lambda project, asking, name: versions.find_collection(asking.session, project, name),
    "Project.artifactCollectionMembership": lambda project, asking, name: membership(versions.named(asking.session, project, name), asking),
}
