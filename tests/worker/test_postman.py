"""Webhooks are told of verdicts at least once, by real HTTP, and never inside unless that is allowed."""

import hashlib
import hmac
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from attempts import claim
from servers import free_port, wait_until
from sqlalchemy import select, update

from store import lifecycle, projects, runs, trash, webhooks
from store.database import Database, now
from store.tables import Delivery, Project, Run
from worker import postman
from worker.postman import PostmanThread, is_outside

SECRET = "a-secret-of-sixteen"


class Receiver(ThreadingHTTPServer):
    """An HTTP server that answers with the statuses it was given, then with 204, and keeps what it got."""

    def __init__(self, *statuses: int, takes_s: float = 0.0, location: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses, self.takes_s, self.location = list(statuses), takes_s, location
        self.got: list[tuple[dict[str, str], bytes]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?from=runtwice"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver: Any = self.server
        body = self.rfile.read(int(self.headers["content-length"]))
        receiver.got.append(({**self.headers, ":path": self.path}, body))
        time.sleep(receiver.takes_s)
        self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
        if receiver.location:
            self.send_header("Location", receiver.location)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    """receive(500) is a receiver that fails once."""
    started: list[Receiver] = []

    def start(*statuses: int, **manner: Any) -> Receiver:
        started.append(Receiver(*statuses, **manner))
        return started[-1]

    yield start
    for receiver in started:
        receiver.shutdown()
        receiver.server_close()


@pytest.fixture
def judge(database: Database, make_run: Callable[..., Run]) -> Callable[[str], Run]:
    """judge(url) is a rerun that was judged just now, in a project whose webhook is at that URL."""

    def make(url: str) -> Run:
        original = make_run()
        with database.begin() as session:
            project = projects.get(session, "team", "digits")
            webhooks.put(session, project, url, SECRET)
            rerun = runs.add_managed(session, project, _config(original), name="again", rerun_of=original)
        for run in (original, rerun):
            _finish(database, run)
        return rerun

    return make


def _config(run: Run) -> Any:
    from trainer.config import RunConfig

    return RunConfig.model_validate(run.config)


def _finish(database: Database, run: Run) -> None:
    taken = claim(database, "n1", run)
    with database.begin() as session:
        lifecycle.finish(session, taken, "finished", None, {"final": "f"})


def outbox(database: Database) -> list[Delivery]:
    with database.read() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.created_at)))


def due_now(database: Database) -> None:
    with database.begin() as session:
        session.execute(update(Delivery).values(due=now() - 1).execution_options(synchronize_session=False))


class TestDelivery:
    def test_tells_the_verdict_signed(self, database: Database, judge: Any, receive: Any) -> None:
        receiver = receive()
        rerun = judge(receiver.url)

        assert postman.deliver(database, to_private=True) == 1

        ((headers, body),) = receiver.got
        told = json.loads(body)
        assert (told["event"], told["project"], told["automatic"]) == ("verdict", "team/digits", None)
        assert (told["verdict"]["outcome"], told["verdict"]["rerun"], told["delivery"]) == ("identical", rerun.id, headers["Runtwice-Delivery"])
        assert (headers[":path"], headers["Host"]) == ("/hook?from=runtwice", f"127.0.0.1:{receiver.server_port}")
        moment, digest = (part.partition("=")[2] for part in headers["Runtwice-Signature"].split(","))
        assert digest == hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        assert abs(time.time() - int(moment)) < 60
        (delivery,) = outbox(database)
        assert (delivery.state, delivery.status, delivery.tries, delivery.body) == ("delivered", 204, 1, "")

    def test_is_tried_again_until_it_is_taken(self, database: Database, judge: Any, receive: Any) -> None:
        receiver = receive(500, 302, location="http://127.0.0.1:1/")
        judge(receiver.url)

        for _ in range(3):
            due_now(database)
            postman.deliver(database, to_private=True)

        (delivery,) = outbox(database)
        assert (delivery.state, delivery.tries, len(receiver.got)) == ("delivered", 3, 3)
        assert len({headers["Runtwice-Delivery"] for headers, _ in receiver.got}) == 1

    def test_waits_longer_from_try_to_try(self) -> None:
        pauses = [webhooks.pause_s(tries) for tries in range(1, webhooks.MOST_TRIES)]

        assert 1 < pauses[0] < 3
        assert all(later > earlier for earlier, later in itertools.pairwise(pauses[:7]))
        assert max(pauses) <= 1.2 * webhooks.LONGEST_PAUSE_S

    def test_is_given_up_in_the_end(self, database: Database, judge: Any, receive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(webhooks, "MOST_TRIES", 2)
        judge(receive(500, 500).url)

        for _ in range(3):
            due_now(database)
            postman.deliver(database, to_private=True)

        (delivery,) = outbox(database)
        assert (delivery.state, delivery.tries, delivery.error) == ("given_up", 2, "The receiver answered 500.")

    def test_of_a_postman_who_died_is_tried_by_the_next(self, database: Database, judge: Any, receive: Any) -> None:
        receiver = receive()
        judge(receiver.url)
        with database.begin() as session:
            assert len(webhooks.take(session, 8, 60.0)) == 1

        assert postman.deliver(database, to_private=True) == 0
        due_now(database)
        assert postman.deliver(database, to_private=True) == 1

        assert outbox(database)[0].state == "delivered"

    def test_to_nobody_is_tried_again(self, database: Database, judge: Any) -> None:
        judge(f"http://127.0.0.1:{free_port()}/")

        postman.deliver(database, to_private=True)

        (delivery,) = outbox(database)
        assert (delivery.state, delivery.status) == ("waiting", None)
        assert "ConnectError" in str(delivery.error)

    def test_to_who_never_answers_ends(self, database: Database, judge: Any, receive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(postman, "TRY_S", 0.3)
        judge(receive(takes_s=2.0).url)

        postman.deliver(database, to_private=True)

        assert outbox(database)[0].error == "No answer within 0.3 s."

    def test_to_who_answers_by_drips_ends(self, database: Database, judge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(postman, "TRY_S", 0.5)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=_drip, args=(listener,), daemon=True).start()
            judge(f"http://127.0.0.1:{listener.getsockname()[1]}/")
            begun = time.monotonic()

            postman.deliver(database, to_private=True)

            assert time.monotonic() - begun < 5
        assert "No answer" in str(outbox(database)[0].error)

    def test_of_a_deleted_run_is_not_sent(self, database: Database, judge: Any, receive: Any) -> None:
        receiver = receive()
        rerun = judge(receiver.url)
        with database.begin() as session:
            trash.discard(session, [Run.id == rerun.id])
        with database.begin() as session:
            trash.purge(session)

        assert postman.deliver(database, to_private=True) == 0
        assert receiver.got == []

    def test_is_given_up_when_the_webhook_is_removed(self, database: Database, judge: Any, receive: Any) -> None:
        receiver = receive()
        judge(receiver.url)

        with database.begin() as session:
            webhooks.remove(session, projects.get(session, "team", "digits"))

        assert postman.deliver(database, to_private=True) == 0
        assert (outbox(database)[0].state, receiver.got) == ("given_up", [])

    def test_is_not_written_without_a_webhook(self, database: Database, judge: Any, receive: Any) -> None:
        judge(receive().url)
        with database.begin() as session:
            webhooks.remove(session, projects.get(session, "team", "digits"))
            project = session.scalars(select(Project).where(Project.name == "digits")).one()
            count = len(webhooks.history(session, project, 10))

        assert count == 1


def _drip(listener: socket.socket) -> None:
    """An answer that never ends, a byte at a time."""
    connection, _ = listener.accept()
    with connection:
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 600:
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                return
            time.sleep(0.02)


class TestInside:
    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "169.254.169.254", "10.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"]
    )
    def test_is_not_called(self, database: Database, judge: Any, receive: Any, host: str) -> None:
        receiver = receive()
        judge(f"http://{host}:{receiver.server_port}/")

        postman.deliver(database, to_private=False)

        (delivery,) = outbox(database)
        assert receiver.got == []
        assert delivery.state == "waiting"
        assert "inside" in str(delivery.error) or "not known" in str(delivery.error)

    @pytest.mark.parametrize(
        ("address", "outside"),
        [
            ("93.184.216.34", True),
            ("2606:2800:220:1:248:1893:25c8:1946", True),
            ("127.0.0.1", False),
            ("10.1.2.3", False),
            ("172.16.0.1", False),
            ("192.168.1.1", False),
            ("169.254.169.254", False),
            ("100.64.0.1", False),
            ("0.0.0.0", False),
            ("224.0.0.1", False),
            ("255.255.255.255", False),
            ("::1", False),
            ("::", False),
            ("fe80::1%eth0", False),
            ("fd00::1", False),
            ("::ffff:10.0.0.1", False),
            ("64:ff9b::7f00:1", False),
            ("2002:7f00:1::", False),
            ("ff02::1", False),
        ],
    )
    def test_is_told_from_outside_whatever_it_is_wrapped_in(self, address: str, outside: bool) -> None:
        assert is_outside(address) is outside


class TestPostman:
    def test_delivers_by_itself_and_asks_for_the_duty_only_then(self, database: Database, judge: Any, receive: Any) -> None:
        threads = [PostmanThread(database, 0.05, to_private=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        receiver = receive(500)
        try:
            judge(receiver.url)
            wait_until(lambda: [each.state for each in outbox(database)] == ["delivered"], 20.0, "the delivery")
        finally:
            for thread in threads:
                thread.stop()

        assert len(receiver.got) == 2
