"""Artifacts: logged in five calls (create, files, manifest, manifest again, commit), found by name and alias, used by runs."""

import hashlib
import re
from typing import Any

from sqlalchemy.orm import Session

from api.problems import InvalidValue
from api.services import names
from api.wandb import links, manifests
from api.wandb.asking import Asking
from api.wandb.ids import opaque, own
from api.wandb.resolvers.collections import must_be_names
from api.wandb.resolvers.runs import object_of, spelled
from api.wandb.resolvers.versions import FIELDS as READING
from api.wandb.resolvers.versions import aliases_given, of_project, tags_given
from store import memberships, version_aliases, versions, wandb_runs
from store import version_collections as collections
from store.errors import RunNotFound
from store.memberships import Membership
from store.tables import Collection, Run, Version, VersionFile

MD5 = re.compile(r"[A-Za-z0-9+/]{22}==")
MOST_AT_ONCE = 10_000
LARGEST_METADATA = 1_000_000
LONGEST_DESCRIPTION, LONGEST_DIGEST = 100_000, 128


def create(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """A draft; or the committed version with the same digest, which gets the aliases, when the SDK says that this will do."""
    name = input.get("artifactCollectionName") or (input.get("artifactCollectionNames") or [""])[0]
    kind = input.get("artifactTypeName") or ""
    must_be_names(name=name, type=kind)
    wanted, digest = aliases_given(input), _text(input.get("digest") or "", "digest", LONGEST_DIGEST)
    path = asking.project_path(input.get("entityName"), input.get("projectName"))
    with asking.writing() as session:
        project = names.find_or_add(session, asking.caller, asking.parts.settings, "/".join(path))
        found = collections.find_or_add(session, project, name, kind)
        is_whole = digest and not input.get("distributedID")  # else other processes' files are still to come
        same = versions.same(session, found, digest) if input.get("enableDigestDeduplication") and is_whole else None
        if same is not None:
            version_aliases.move(session, found, same, wanted)
            _call(session, same, input)
            return {"artifact": same}
        shared = _shared(session, found, input)
        if shared is not None:
            return {"artifact": shared}
        run = wandb_runs.find(session, project, input.get("runName") or "")
        made = versions.draft(session, found, run, digest=digest, aliases=wanted, **_told(input))
        _call(session, made, input)
        return {"artifact": versions.get(session, made.id, None)}


def _told(input: dict[str, Any]) -> dict[str, Any]:
    """What a new version is told of itself. Raises InvalidValue."""
    return {
        "details": _metadata(input.get("metadata")),
        "description": _text(input["description"], "description", LONGEST_DESCRIPTION) if input.get("description") else None,
        "tags": tags_given(input.get("tags")),
        "ttl_s": input.get("ttlDurationSeconds"),
        "history_step": input.get("historyStep"),
    }


def _metadata(text: str | None) -> dict[str, Any]:
    return {} if text is None else spelled(object_of(text, "metadata", LARGEST_METADATA))


def _text(text: str, what: str, most: int) -> str:
    """Raises InvalidValue."""
    if len(text) > most or "\0" in text:
        raise InvalidValue(f"/{what}", f"takes at most {most:,} characters, none of them NUL; got {len(text):,}")
    return text


def _shared(session: Session, of: Collection, input: dict[str, Any]) -> Version | None:
    """The draft that several processes put their files to, by what they all call it; the first of them makes it."""
    name = input.get("distributedID")
    found = versions.called(session, _distributed(name), None, of) if name else None
    return found if found is not None and found.number is None else None


def _distributed(name: str) -> str:
    return f"several:{hashlib.sha256(name.encode()).hexdigest()}"


def _call(session: Session, version: Version, input: dict[str, Any]) -> None:
    """The client may ask for it by the id that it gave it before there was one of ours."""
    if input.get("clientID"):
        versions.call(session, version, _text(input["clientID"], "clientID", 128))
    if input.get("distributedID"):
        versions.call(session, version, _distributed(input["distributedID"]))


def create_files(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """Addresses to put files to; none for a file whose bytes the project has."""
    edges = []
    with asking.writing() as session:
        for asked in input["artifactFiles"][:MOST_AT_ONCE]:
            version = _draft(session, asking, asked["artifactID"])
            _must_be_file(asked["name"], asked["md5"])
            file = versions.want(session, version, asked["name"], asked["md5"])
            put = None if file.sha256 else links.to_put_version(asking.parts, asking.base_url, version.id, manifests.FILE + file.name)
            called = {"id": _file_id(file), "name": file.name, "displayName": file.name}
            node = {**called, "uploadUrl": put, "uploadHeaders": [], "artifact": version, **_place(file)}
            edges.append({"node": node})
    return {"files": {"edges": edges, "pageInfo": {"hasNextPage": False, "hasPreviousPage": False}}}


def create_manifest(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    with asking.writing() as session:
        version = _draft(session, asking, input["artifactID"])
        version.manifest_kind = str(input.get("type") or "FULL")[:16]
        _base(session, asking, version, input.get("baseArtifactID"))
    return {"artifactManifest": _manifest(asking, version)}


def update_manifest(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    with asking.writing() as session:
        version = versions.get(session, own("ArtifactManifest", input["artifactManifestID"]), asking.caller.entity)
        _base(session, asking, version, input.get("baseArtifactID"))
    return {"artifactManifest": _manifest(asking, version)}


def commit(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """Raises Problem 422 for a manifest that cannot be read, NotWhole for one that names what was not uploaded."""
    asking.caller.must_be("member")
    version = _get(asking.session, asking, input["artifactID"])
    if version.number is not None:
        return {"artifact": version}
    base = versions.get(asking.session, version.base_id, asking.caller.entity) if version.base_id else None
    contents, blob = manifests.whole(asking.parts, version, base)
    with asking.writing() as session:
        version = versions.commit(session, versions.get(session, version.id, asking.caller.entity), contents, blob)
        if version.manifest_kind in (manifests.INCREMENTAL, manifests.PATCH):
            version.digest = manifests.digest_of(contents)
        return {"artifact": version}


def change(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    with asking.writing() as session:
        version = _get(session, asking, input["artifactID"])
        if input.get("description") is not None:
            version.description = _text(input["description"], "description", LONGEST_DESCRIPTION)
        if input.get("metadata") is not None:
            version.details = _metadata(input["metadata"])
        if "ttlDurationSeconds" in input:
            version.ttl_s = input["ttlDurationSeconds"]
        gone = tags_given(input.get("tagsToDelete"))
        version.tags = [tag for tag in dict.fromkeys([*version.tags, *tags_given(input.get("tagsToAdd"))]) if tag not in gone]
        if input.get("aliases") is not None:
            place = Membership.own(version)
            held = memberships.aliases(session, place) if place else []
            version_aliases.drop(session, version.collection, version, held)
            version_aliases.move(session, version.collection, version, aliases_given(input))
    return {"artifact": version}


def delete(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """Raises InvalidValue for a version with aliases, unless they are to go with it."""
    with asking.writing() as session:
        version = _get(session, asking, input["artifactID"])
        place = Membership.own(version)
        held = memberships.aliases(session, place) if place else []
        if held and not input.get("deleteAliases"):
            raise InvalidValue("/deleteAliases", f"the artifact has the aliases {', '.join(held)[:200]}; delete them with it, or move them first")
        versions.drop(session, version)
    return {"artifact": version}


def use(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    path = asking.project_path(input.get("entityName"), input.get("projectName"))
    with asking.writing() as session:
        version = _get(session, asking, input["artifactID"])
        run = wandb_runs.find(session, names.get(session, asking.caller, *path), input.get("runName") or "")
        if run is None:
            raise RunNotFound(str(input.get("runName")))
        versions.use(session, version, run)
    return {"artifact": version}


def _get(session: Session, asking: Asking, text: str) -> Version:
    return versions.get(session, own("Artifact", text), asking.caller.entity)


def _draft(session: Session, asking: Asking, text: str) -> Version:
    return versions.must_be_draft(session, _get(session, asking, text).id)


def _base(session: Session, asking: Asking, version: Version, text: str | None) -> None:
    if text:
        base = _get(session, asking, text)
        if base.collection_id != version.collection_id:
            raise InvalidValue("/baseArtifactID", "the base of an incremental artifact must be a version of the same collection")
        version.base_id = base.id


def _manifest(asking: Asking, version: Version) -> dict[str, Any]:
    put = links.to_put_version(asking.parts, asking.base_url, version.id, manifests.MANIFEST)
    number = opaque("ArtifactManifest", version.id)
    return {"id": number, "file": {"id": number, "name": "wandb_manifest.json", "uploadUrl": put, "uploadHeaders": []}}


def _must_be_file(name: str, md5: str) -> None:
    if not manifests.is_inside(name):
        most = manifests.LONGEST_NAME
        raise InvalidValue("/name", f"a file's name takes 1 to {most} characters and no way out of its folder; got {name[:80]!r}")
    if not MD5.fullmatch(md5):
        raise InvalidValue("/md5", f"takes an MD5 in base64; got {md5[:80]!r}")


def _place(file: VersionFile) -> dict[str, Any]:
    return {"storagePath": f"versions/{file.version_id}/{file.name}", "md5": file.md5, "digest": file.md5}


def _file_id(file: VersionFile) -> str:
    return opaque("VersionFile", f"{file.version_id}/{file.name}"[:400])


def _of_run(run: Run, asking: Asking, used: bool) -> dict[str, Any]:
    found = versions.of_run(asking.session, run, used=used)
    edges = [{"node": version, "version": f"v{version.number}", "cursor": opaque("After", version.id)} for version in found]
    page = {"endCursor": None, "hasNextPage": False, "hasPreviousPage": False}
    return {"edges": edges, "pageInfo": page, "totalCount": len(edges)}


FIELDS = {
    **READING,
    **of_project,
    "Query.artifact": lambda _parent, asking, id: _get(asking.session, asking, id),
    "Mutation.createArtifact": create,
    "Mutation.createArtifactFiles": create_files,
    "Mutation.createArtifactManifest": create_manifest,
    "Mutation.updateArtifactManifest": update_manifest,
    "Mutation.commitArtifact": commit,
    "Mutation.updateArtifact": change,
    "Mutation.deleteArtifact": delete,
    "Mutation.useArtifact": use,
    "Run.inputArtifacts": lambda run, asking, **_: _of_run(run, asking, True),
    "Run.outputArtifacts": lambda run, asking, **_: _of_run(run, asking, False),
}
