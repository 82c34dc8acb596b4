"""Versions of artifacts, their links and aliases, on both databases."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from servers import wait_until
from sqlalchemy import update

from store import memberships, projects, versions
from store import version_collections as collections
from store.artifacts import ArtifactFiles, Blob
from store.checkpoint_files import LocalFiles
from store.database import Database
from store.errors import Conflict
from store.tables import Collection, Version
from worker.keeper import DRAFTS_S, KeeperThread

MANIFEST = Blob("0" * 64, 2)


def drafted(database: Database, name: str = "net", entity: str = "team", **fields: object) -> str:
    with database.begin() as session:
        project = projects.find_or_add(session, entity, "digits")
        told = {"digest": "d", "description": None, "details": {}, "aliases": ["latest"], "tags": [], "ttl_s": None, "history_step": None}
        return versions.draft(session, collections.find_or_add(session, project, name, "model"), None, **{**told, **fields}).id


def committed(database: Database, version_id: str) -> int:
    with database.begin() as session:
        number = versions.commit(session, versions.get(session, version_id, None), {}, MANIFEST).number
    assert number is not None
    return number


def latest(database: Database, name: str = "net") -> tuple[int, str] | None:
    """Number and id of the latest."""
    with database.read() as session:
        found = memberships.named(session, projects.get(session, "team", "digits"), f"{name}:latest")
        return None if found is None else (found.number, found.version.id)


def linked(database: Database, version_id: str, to: str, *aliases: str) -> int:
    with database.begin() as session:
        version = versions.get(session, version_id, None)
        collection = collections.find_or_add(session, version.collection.project, to, "model", linked=True)
        return memberships.link(session, collection, version, aliases).number


class TestCommits:
    def test_at_once_get_numbers_one_after_the_other_and_the_last_is_the_latest(self, database: Database) -> None:
        ids = [drafted(database) for _ in range(4)]
        ready = Barrier(len(ids))

        def commit(version_id: str) -> int:
            ready.wait()
            return committed(database, version_id)

        with ThreadPoolExecutor(len(ids)) as pool:
            numbers = list(pool.map(commit, ids))

        assert sorted(numbers) == [0, 1, 2, 3]
        assert latest(database) == (3, ids[numbers.index(3)])

    def test_again_change_nothing(self, database: Database) -> None:
        first = drafted(database)

        assert [committed(database, first), committed(database, first)] == [0, 0]


class TestLinks:
    def test_at_once_get_numbers_one_after_the_other(self, database: Database) -> None:
        ids = [drafted(database) for _ in range(4)]
        for version_id in ids:
            committed(database, version_id)
        with ThreadPoolExecutor(4) as pool:
            numbers = list(pool.map(lambda version_id: linked(database, version_id, "chosen"), ids))

        assert sorted(numbers) == [0, 1, 2, 3]

    def test_of_another_type_or_to_a_collection_with_versions_of_its_own_are_refused(self, database: Database) -> None:
        first = drafted(database)
        committed(database, first)

        with pytest.raises(Conflict, match="has versions of its own"):
            linked(database, first, "net")

    def test_of_a_draft_are_refused(self, database: Database) -> None:
        with pytest.raises(Conflict, match="not committed yet"):
            linked(database, drafted(database), "chosen")

    def test_go_with_the_version_and_the_next_newest_is_the_latest(self, database: Database) -> None:
        first, second = drafted(database), drafted(database)
        for version_id in (first, second):
            committed(database, version_id)
            linked(database, version_id, "chosen", "best")

        with database.begin() as session:
            versions.drop(session, versions.get(session, second, None))

        assert (latest(database), latest(database, "chosen")) == ((0, first), (0, first))
        with database.read() as session:
            assert memberships.named(session, projects.get(session, "team", "digits"), "chosen:best") is None


class TestDrafts:
    def test_that_are_never_committed_are_removed_with_their_bytes(self, database: Database, tmp_path: Path) -> None:
        files = ArtifactFiles(tmp_path)
        with files.draft(with_md5=True) as written:
            written.write(b"of a draft")
            blob = written.finish()
        os.utime(files.path(blob.sha256), (time.time() - 7200,) * 2)  # beyond the time in which somebody may still be about to name it
        draft, kept = drafted(database), drafted(database, "kept")
        committed(database, kept)
        with database.begin() as session:
            versions.want(session, versions.get(session, draft, None), "a.bin", blob.md5 or "")
            versions.put(session, draft, "a.bin", blob)
            session.execute(update(Version).values(updated_at=Version.updated_at - DRAFTS_S - 60))
        keeper = KeeperThread(database, files, LocalFiles(tmp_path / "checkpoints"), 0.05)

        keeper.start()
        wait_until(lambda: not files.path(blob.sha256).exists(), 20.0, "the draft's bytes to be removed")
        keeper.stop()

        with database.read() as session:
            assert [version.id for version in session.query(Version)] == [kept]
            assert [collection.name for collection in session.query(Collection)] == ["kept"]

    def test_that_were_put_to_meanwhile_stay(self, database: Database) -> None:
        draft = drafted(database)

        with database.begin() as session:
            versions.drop_draft(session, draft, DRAFTS_S)

        assert committed(database, draft) == 0

    def test_half_written_files_of_processes_that_died_are_removed(self, tmp_path: Path) -> None:
        files = ArtifactFiles(tmp_path)
        old, new = tmp_path / ".draft-old", tmp_path / ".draft-new"
        for path in (old, new):
            path.write_bytes(b"half")
        os.utime(old, (time.time() - 90_000,) * 2)

        assert (files.remove_old_drafts(86_400), old.exists(), new.exists()) == (1, False, True)


class TestClientIds:
    def test_lead_to_the_version_and_not_to_that_of_another_entity(self, database: Database) -> None:
        mine, theirs = drafted(database), drafted(database, entity="others")
        with database.begin() as session:
            for version_id in (mine, theirs):
                versions.call(session, versions.get(session, version_id, None), "c1")

        with database.read() as session:
            assert [getattr(versions.called(session, "c1", entity), "id", None) for entity in ("team", "others", "nobody")] == [mine, theirs, None]
