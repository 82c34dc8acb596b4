"""Keys and the tickets that stand for them, on both databases."""

import re

import pytest
from sqlalchemy import select

from store import answers, artifacts, keys, nodes
from store.errors import KeyNotFound
from store.tables import Key, Ticket

PAST, FUTURE = 1.0, 4e9


class TestKey:
    def test_is_found_by_its_text_alone_and_nowhere_kept(self, database) -> None:
        with database.begin() as session:
            key, text = keys.mint(session, "ci", "member", "team")

        with database.read() as session:
            assert keys.authenticate(session, text).id == key.id
            assert keys.authenticate(session, text + "x") is None
            assert keys.authenticate(session, key.digest) is None
            kept = session.execute(select(Key.__table__)).one()
        assert re.fullmatch(r"rt-[A-Za-z0-9]{40}", text)
        assert not any(text in str(value) for value in kept)

    @pytest.mark.parametrize(("expires_at", "valid"), [(None, True), (FUTURE, True), (PAST, False)])
    def test_is_valid_until_it_expires(self, database, expires_at, valid) -> None:
        with database.begin() as session:
            _, text = keys.mint(session, "ci", "member", expires_at=expires_at)

        with database.read() as session:
            assert (keys.authenticate(session, text) is not None) == valid

    def test_once_revoked_is_refused_with_its_sessions(self, database) -> None:
        with database.begin() as session:
            key, text = keys.mint(session, "ci", "admin")
            ticket = keys.new_ticket(session, key, "session", 60.0)
        with database.begin() as session:
            keys.revoke(session, key.id)

        with database.read() as session:
            assert keys.authenticate(session, text) is None
            assert keys.of_session(session, ticket) is None
            assert keys.page(session, entity=None, after=None, limit=10) == []

    def test_of_another_entity_is_not_there(self, database) -> None:
        with database.begin() as session:
            key, _ = keys.mint(session, "ci", "member", "team")

        with pytest.raises(KeyNotFound), database.begin() as session:
            keys.revoke(session, key.id, entity="other")


class TestTicket:
    def test_for_signing_in_works_once(self, database) -> None:
        with database.begin() as session:
            key, _ = keys.mint(session, "admin", "admin")
            text = keys.new_ticket(session, key, "signin", 60.0)

        with database.begin() as session:
            assert keys.of_session(session, text) is None
            assert keys.redeem_signin(session, text).id == key.id
        with database.begin() as session:
            assert keys.redeem_signin(session, text) is None

    def test_for_a_session_works_until_it_ends(self, database) -> None:
        with database.begin() as session:
            key, _ = keys.mint(session, "admin", "admin")
            text = keys.new_ticket(session, key, "session", 60.0)
            over = keys.new_ticket(session, key, "session", -1.0)

        with database.begin() as session:
            assert keys.of_session(session, text).id == key.id
            assert keys.of_session(session, over) is None
            assert keys.redeem_signin(session, text) is None
            keys.end_session(session, text)
        with database.read() as session:
            assert keys.of_session(session, text) is None

    def test_that_has_expired_is_swept_away(self, database) -> None:
        with database.begin() as session:
            key, _ = keys.mint(session, "admin", "admin")
            keys.new_ticket(session, key, "signin", -1.0)
            keys.new_ticket(session, key, "signin", 60.0)

        with database.read() as session:
            assert len(session.scalars(select(Ticket)).all()) == 1


class TestKeptAnswer:
    def test_comes_back_with_the_request_it_answered(self, database) -> None:
        with database.begin() as session:
            assert answers.reserve(session, "k", "POST /runs", "once", "digest") is None
            answers.keep(session, "k", "POST /runs", "once", 202, {"Location": "/x"}, b"{}")

        with database.begin() as session:
            kept = answers.reserve(session, "k", "POST /runs", "once", "other")
            assert (kept.status, kept.headers, kept.body, kept.request_digest) == (202, {"Location": "/x"}, b"{}", "digest")
            assert answers.reserve(session, "another key", "POST /runs", "once", "digest") is None

    def test_is_gone_with_a_transaction_that_fails(self, database) -> None:
        def make_and_fail() -> None:
            with database.begin() as session:
                answers.reserve(session, "k", "POST /runs", "once", "digest")
                raise ValueError

        with pytest.raises(ValueError):
            make_and_fail()

        with database.begin() as session:
            assert answers.reserve(session, "k", "POST /runs", "once", "digest") is None


class TestNode:
    def test_is_alive_while_it_reports(self, database) -> None:
        with database.begin() as session:
            nodes.report(session, "a", ["cpu"], 2, [{"kind": "cpu"}], {"torch": "2.13.0"})

        with database.read() as session:
            assert [node.name for node in nodes.alive(session)] == ["a"]
            assert nodes.alive(session, within_s=-1.0) == []
            assert nodes.get(session, "a").slots == 2


class TestArtifactFiles:
    def test_lie_under_their_digest_once(self, tmp_path) -> None:
        files = artifacts.ArtifactFiles(tmp_path / "artifacts")

        first, second = files.put([b"ab", b"c"]), files.put([b"abc"])

        assert first == second
        assert first.size_bytes == 3
        with files.open(first.sha256) as file:
            assert file.read() == b"abc"
        assert len([path for path in files.root.rglob("*") if path.is_file()]) == 1

    def test_leave_nothing_behind_when_the_bytes_break_off(self, tmp_path) -> None:
        files = artifacts.ArtifactFiles(tmp_path / "artifacts")

        def pieces():
            yield b"half"
            raise OSError

        with pytest.raises(OSError):
            files.put(pieces())

        assert list(files.root.iterdir()) == []
