"""Deleted runs: counted, out of sight at once, purged in pieces; their files removed when they are nobody's. On both databases."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from attempts import claim
from sqlalchemy import func, inspect, select, text

from store import artifacts, curves, lifecycle, logs, migrate, projects, runs, series, trash, verdicts
from store.artifacts import ArtifactFiles
from store.database import Database
from store.errors import ArtifactNotFound, RunNotFound
from store.series import Points
from store.tables import LooseFile, Run, Segment, Table

Make = Callable[..., Run]


def finish(database: Database, run: Run) -> None:
    taken = claim(database, "a", run)
    with database.begin() as session:
        lifecycle.finish(session, taken, "finished")


@pytest.fixture
def files(tmp_path: Path) -> ArtifactFiles:
    return ArtifactFiles(tmp_path / "artifacts")


@pytest.fixture
def ended(database: Database, files: ArtifactFiles) -> Callable[..., str]:
    """The id of a finished client run that has something in every table."""

    def make(points: int = 2, blob: bytes = b"weights", external_id: str | None = None) -> str:
        with database.begin() as session:
            project = projects.find_or_add(session, "team", "digits")
            run = runs.add_client(session, project, {"lr": 0.1}, name="logged", tags=["t"], external_id=external_id)
            series.append(session, run.id, Points(range(points), [0.0] * points, {"loss": [float(step % 7) for step in range(points)]}))
            logs.append(session, run.id, 0, ["hello"])
            artifacts.add(session, run.id, 0, "w.bin", files.put([blob]))
            runs.finish_client(session, run, "finished", None)
            return run.id

    return make


def discard_all(database: Database, *which: Any) -> trash.Deleted:
    total, after = trash.Deleted(), ""
    while after is not None:
        with database.begin() as session:
            some, after = trash.discard(session, which, after)
        total.add(some)
    return total


def purge_all(database: Database) -> int:
    pieces = 0
    while True:
        with database.begin() as session:
            if not trash.purge(session):
                return pieces
        pieces += 1


def rows_left(database: Database) -> dict[str, int]:
    with database.read() as session:
        return {part.name: session.scalar(select(func.count()).select_from(part.table)) or 0 for part in trash.PARTS}


class TestDiscard:
    def test_takes_just_what_the_preview_said(self, database: Database, ended: Any) -> None:
        ids = [ended() for _ in range(3)]
        which = [Run.id.in_(ids[:2])]

        with database.read() as session:
            preview = trash.preview(session, which)
        done = discard_all(database, *which)

        assert done == preview
        counted = {
            "runs": 2,
            "attempts": 0,
            "series": 2,
            "snapshots": 0,
            "study_runs": 0,
            "segments": 0,
            "clocks": 0,
            "blocks": 2,
            "heads": 2,
            "turns": 4,
            "log_lines": 2,
            "artifacts": 2,
            "verdicts": 0,
            "client_evidence": 0,
            "wandb_runs": 0,
            "version_uses": 0,
            "automatic_reruns": 0,
            "alerts": 0,
            "deliveries": 0,
            "run_params": 2,
            "run_tags": 2,
            "links": 0,
            "checkpoints": 0,
            "history_pieces": 0,
            "stream_marks": 0,
            "streamed_runs": 0,
            "shares": 0,
        }
        assert done.rows == counted
        assert done.size_bytes > 2 * (len(b"weights") + len("hello"))
        purge_all(database)
        assert {name: count for name, count in rows_left(database).items() if count} == {
            name: n // 2 for name, n in counted.items() if n and name != "runs"
        }

    def test_counts_a_verdict_between_two_of_the_runs_once(self, database: Database, ended: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trash, "RUNS_AT_ONCE", 1)
        one, two = ended(), ended()
        with database.begin() as session:
            verdicts.judge(session, runs.get(session, one), runs.get(session, two))

        with database.read() as session:
            preview = trash.preview(session, [Run.project_id != trash.TRASH])

        assert discard_all(database, Run.project_id != trash.TRASH) == preview
        assert preview.rows["verdicts"] == 1

    def test_leaves_and_counts_runs_that_may_still_write(self, database: Database, make_run: Make, client_run: Run, ended: Any) -> None:
        queued, done = make_run(), ended()
        which = [Run.id.in_([queued.id, client_run.id, done])]

        with database.read() as session:
            assert trash.active(session, which) == {"queued": 1, "running": 1}
        assert discard_all(database, *which).rows["runs"] == 1
        with database.read() as session:
            assert {runs.get(session, run.id).state for run in (queued, client_run)} == {"queued", "running"}

    def test_puts_a_run_out_of_everybodys_sight(self, database: Database, ended: Any, make_run: Make) -> None:
        run_id = ended(external_id="taken")
        with database.read() as session:
            (artifact,) = artifacts.of_run(session, run_id)

        discard_all(database, Run.id == run_id)

        with database.read() as session:
            for entity in ("team", None):
                for look in (
                    lambda entity=entity: runs.get(session, run_id, entity),
                    lambda entity=entity: runs.get_many(session, [run_id], entity),
                    lambda entity=entity: curves.outlines(session, [run_id], ["loss"], entity),
                ):
                    with pytest.raises(RunNotFound):
                        look()
                with pytest.raises(ArtifactNotFound):
                    artifacts.get(session, artifact.id, entity)
                assert runs.count(session, entity=entity, project=None) == 0
        ended(external_id="taken")

    def test_leaves_no_verdict_on_a_run_that_is_gone(self, database: Database, make_run: Make) -> None:
        original = make_run()
        rerun = make_run(rerun_of=original)
        finish(database, original)

        discard_all(database, Run.id == original.id)
        finish(database, rerun)

        assert rows_left(database)["verdicts"] == 0


class TestPurge:
    def test_takes_every_row_of_the_run_in_pieces_and_leaves_the_others(
        self, database: Database, ended: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(trash, "PURGE_S", 0.0)
        long, kept = ended(points=1_000_000), ended()

        discard_all(database, Run.id == long)
        with database.read() as session:
            assert (session.scalar(select(func.count()).select_from(Segment).where(Segment.run_id == long)) or 0) > 200
        pieces = purge_all(database)

        assert pieces > 3
        assert all(count <= 2 for count in rows_left(database).values())
        with database.read() as session:
            assert session.get(Run, long) is None
            assert len(series.read(session, kept, "loss")) == 2

    def test_goes_on_where_another_process_was_killed(self, database: Database, ended: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trash, "PURGE_S", 0.0)
        run_id = ended(points=1_000_000)
        discard_all(database, Run.id == run_id)

        with database.begin() as session:
            assert trash.purge(session)
        with suppress(KeyboardInterrupt), database.begin() as session:
            trash.purge(session)
            raise KeyboardInterrupt

        assert purge_all(database)
        assert not any(rows_left(database).values())

    def test_knows_every_table_that_has_rows_of_runs(self) -> None:
        owned = {table.name for table in Table.metadata.tables.values() for key in table.foreign_keys if key.column.table.name == "runs"}

        assert owned == {part.name for part in trash.PARTS}

    def test_finds_the_next_rows_by_an_index(self, database: Database) -> None:
        if database.dialect != "sqlite":
            pytest.skip("PostgreSQL plans by the sizes of tables, which are empty here")
        with database.read() as session:
            for part in trash.PARTS:
                key = ", ".join(column.name for column in inspect(part.table).primary_key)
                owners = " OR ".join(f"{owner.key} IN ('a', 'b')" for owner in part.owners)
                sql = f"DELETE FROM {part.name} WHERE ({key}) IN (SELECT {key} FROM {part.name} WHERE {owners} LIMIT 10)"
                plan = [row.detail for row in session.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
                assert not [step for step in plan if step.startswith("SCAN") and "INDEX" not in step], plan


class TestDowngrade:
    def test_takes_the_trash_along(self, database: Database, database_url: str, ended: Any) -> None:
        gone, kept = ended(), ended()
        discard_all(database, Run.id == gone)

        migrate.downgrade(database_url, "0002")
        migrate.upgrade(database_url)

        assert all(count <= 2 for count in rows_left(database).values())
        with database.read() as session:
            assert runs.get(session, kept).id == kept


class TestFiles:
    def age(self, files: ArtifactFiles, sha256: str) -> None:
        hours_ago = time.time() - 7200
        os.utime(files.path(sha256), (hours_ago, hours_ago))

    def loose(self, database: Database) -> list[str]:
        with database.read() as session:
            return trash.loose_files(session)

    def sha(self, database: Database, run_id: str) -> str:
        with database.read() as session:
            return artifacts.of_run(session, run_id)[0].sha256

    def test_of_a_purged_run_are_looked_at(self, database: Database, ended: Any) -> None:
        run_id = ended()
        sha256 = self.sha(database, run_id)

        discard_all(database, Run.id == run_id)
        assert self.loose(database) == []
        purge_all(database)

        assert self.loose(database) == [sha256]

    def test_go_when_they_are_old_and_nobodys(self, database: Database, files: ArtifactFiles, ended: Any) -> None:
        sha256 = self.sha(database, run_id := ended())
        self.age(files, sha256)
        discard_all(database, Run.id == run_id)
        purge_all(database)

        assert artifacts.remove_if_unused(database, files, sha256) is None

        assert [path for path in files.root.rglob("*") if path.is_file()] == []

    def test_stay_when_another_run_has_the_same_bytes(self, database: Database, files: ArtifactFiles, ended: Any) -> None:
        sha256 = self.sha(database, run_id := ended())
        ended()
        self.age(files, sha256)
        discard_all(database, Run.id == run_id)
        purge_all(database)

        assert artifacts.remove_if_unused(database, files, sha256) is None

        assert files.path(sha256).read_bytes() == b"weights"

    def test_that_are_young_stay_for_whoever_is_about_to_name_them(self, database: Database, files: ArtifactFiles) -> None:
        blob = files.put([b"abc"])

        again_in_s = artifacts.remove_if_unused(database, files, blob.sha256)

        assert 3500 < (again_in_s or 0.0) < 3700
        assert files.path(blob.sha256).exists()

    def test_put_again_while_they_are_being_removed_stay(self, database: Database, files: ArtifactFiles, monkeypatch: pytest.MonkeyPatch) -> None:
        blob = files.put([b"abc"])
        self.age(files, blob.sha256)
        set_aside = files.set_aside
        monkeypatch.setattr(files, "set_aside", lambda sha256: (files.put([b"abc"]), set_aside(sha256))[1])

        assert artifacts.remove_if_unused(database, files, blob.sha256) is not None

        assert files.path(blob.sha256).read_bytes() == b"abc"

    def test_are_looked_at_again_when_they_were_too_young(self, database: Database) -> None:
        with database.begin() as session:
            session.add(LooseFile(sha256="a" * 64, due=0.0))
        with database.begin() as session:
            trash.settle_file(session, "a" * 64, 3600.0)
        assert self.loose(database) == []

        with database.begin() as session:
            trash.settle_file(session, "a" * 64, None)
        with database.read() as session:
            assert session.scalar(select(func.count()).select_from(LooseFile)) == 0
