"""Adding, finding and listing runs, on both databases."""

import pytest

from store import logs, projects, runs
from store.errors import NameTaken, NotAClientRun, RunIsTerminal, RunNotFound
from store.search import order, table
from store.search.table import Scope


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


class TestLog:
    def test_numbers_lines_over_all_pieces(self, database, client_run) -> None:
        with database.begin() as session:
            assert logs.append(session, client_run.id, 1, ["a", "b"]) == 0
            assert logs.append(session, client_run.id, 1, ["c\0d\ne"]) == 2

        with database.read() as session:
            assert logs.read(session, client_run.id) == [(0, "a"), (1, "b"), (2, "c\N{REPLACEMENT CHARACTER}d e")]
            assert logs.read(session, client_run.id, after=0, limit=1) == [(1, "b")]
