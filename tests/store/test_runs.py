"""Adding, finding, listing and deleting runs, on both databases."""

import pytest
from sqlalchemy import func, select

from store import artifacts, logs, projects, runs, series
from store.database import Database
from store.errors import NameTaken, NotAClientRun, RunIsActive, RunIsTerminal, RunNotFound
from store.search import order, table
from store.search.table import Scope
from store.series import Points
from store.tables import LogLines, Run, Segment


class TestGet:
    def test_hides_another_entitys_run_like_a_missing_one(self, database, make_run) -> None:
        run = make_run()

        with database.read() as session:
            assert runs.get(session, run.id, "team").id == run.id
            for asked, entity in ((run.id, "other"), ("missing", None)):
                with pytest.raises(RunNotFound):
                    runs.get(session, asked, entity)

    def test_many_keeps_the_order_asked(self, database, make_run) -> None:
        ids = [make_run().id for _ in range(3)][::-1]

        with database.read() as session:
            assert [run.id for run in runs.get_many(session, ids)] == ids


class TestPage:
    def test_walks_every_run_once_newest_first(self, database, make_run) -> None:
        ids = [make_run().id for _ in range(7)]
        seen, after = [], None
        with database.read() as session:
            while batch := table.page(session, Scope("team"), order.order(()), after, 3):
                seen += [found.run_id for found in batch]
                after = batch[-1].place
            total = runs.count(session, entity="team", project=None)

        assert (seen, total) == (ids[::-1], 7)

    def test_shows_only_the_callers_entity(self, database, make_run) -> None:
        make_run()

        with database.read() as session:
            assert table.page(session, Scope("other"), order.order(()), None, 10) == []
            assert runs.count(session, entity="other", project=None) == 0


class TestQueue:
    def test_gives_each_queued_run_its_place(self, database, make_run) -> None:
        first, second, urgent = make_run(), make_run(), make_run(priority=1)

        with database.read() as session:
            assert runs.queue_positions(session, [first, second, urgent]) == {urgent.id: 1, first.id: 2, second.id: 3}


class TestClientRun:
    def test_keeps_its_external_id_to_itself_within_a_project(self, database, client_run) -> None:
        with pytest.raises(NameTaken), database.begin() as session:
            runs.add_client(session, client_run.project, {}, name="again", external_id=client_run.external_id)

        with database.begin() as session:
            elsewhere = projects.find_or_add(session, "team", "elsewhere")
            assert runs.add_client(session, elsewhere, {}, name="again", external_id=client_run.external_id).state == "running"

    def test_ends_once(self, database, client_run) -> None:
        with database.begin() as session:
            assert runs.finish_client(session, client_run, "finished", None).state == "finished"
        with database.begin() as session:
            assert runs.finish_client(session, client_run, "finished", None).state == "finished"

        with pytest.raises(RunIsTerminal), database.begin() as session:
            runs.finish_client(session, client_run, "failed", "no")
        with pytest.raises(RunIsTerminal), database.begin() as session:
            runs.touch_client(session, client_run)

    def test_is_not_a_managed_run(self, database, make_run) -> None:
        with pytest.raises(NotAClientRun), database.begin() as session:
            runs.finish_client(session, make_run(), "finished", None)


class TestDelete:
    def test_says_first_what_goes_then_takes_just_that(self, database: Database, client_run: Run, tmp_path) -> None:
        blob = artifacts.ArtifactFiles(tmp_path / "artifacts").put([b"weights"])
        with database.begin() as session:
            series.append(session, client_run.id, Points([0, 1], [0.0, 1.0], {"loss": [1.0, 2.0]}))
            logs.append(session, client_run.id, 0, ["hello"])
            artifacts.add(session, client_run.id, 0, "w.bin", blob)
            runs.finish_client(session, client_run, "finished", None)

        with database.begin() as session:
            preview = runs.delete_run(session, runs.get(session, client_run.id), preview=True)
        with database.begin() as session:
            done = runs.delete_run(session, runs.get(session, client_run.id), preview=False)

        assert preview == done
        assert done.rows == {"runs": 1, "attempts": 0, "series": 1, "segments": 0, "blocks": 1, "log_lines": 1, "artifacts": 1, "verdicts": 0}
        assert done.size_bytes > len(b"weights") + len("hello")
        with database.read() as session:
            assert session.scalar(select(func.count()).select_from(Segment)) == 0
            assert session.scalar(select(func.count()).select_from(LogLines)) == 0
            assert artifacts.unreferenced(session, done.sha256s) == [blob.sha256]
            with pytest.raises(RunNotFound):
                runs.get(session, client_run.id)

    def test_refuses_a_run_that_may_still_write(self, database, make_run) -> None:
        with pytest.raises(RunIsActive), database.begin() as session:
            runs.delete_run(session, make_run(), preview=True)


class TestLog:
    def test_numbers_lines_over_all_pieces(self, database, client_run) -> None:
        with database.begin() as session:
            assert logs.append(session, client_run.id, 1, ["a", "b"]) == 0
            assert logs.append(session, client_run.id, 1, ["c\0d\ne"]) == 2

        with database.read() as session:
            assert logs.read(session, client_run.id) == [(0, "a"), (1, "b"), (2, "c\N{REPLACEMENT CHARACTER}d e")]
            assert logs.read(session, client_run.id, after=0, limit=1) == [(1, "b")]
