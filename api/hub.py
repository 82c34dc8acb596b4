"""Who follows what in this process, and what wakes them: this process's own writes, the broker's word of others', and a look at the database.

Everything here happens on the loop, but for `heard`. A stream holds no connection and no thread while it waits.
"""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from anyio import to_thread
from redis import RedisError
from redis import asyncio as redis
from sqlalchemy.orm import Session

from api.auth import Caller, Kind
from api.problems import PASSING, Problem
from store import keys, shares, stamps
from store.database import Database
from worker.herald import CHANNEL, redis_url

log = structlog.get_logger(__name__)

LOOK_S = 1.0  # what a follower waits at most when nobody brings word of a write
LOOK_WITH_WORD_S = 3.0
ANYTHING = "*"  # a topic: whatever is written
LOOK_SOON_S = 0.3  # for projects, whose runs may be written all the time
RETRY_AFTER_S = 5


class TooManyStreams(Problem):
    def __init__(self, most: int) -> None:
        super().__init__(503, f"{most} streams are open here, as many as there may be; try again.", headers={"Retry-After": str(RETRY_AFTER_S)})


@dataclass(eq=False)
class Follower:
    """One open stream: what it follows, `awake` when there may be something new, `over` when it has to end."""

    topic: str  # a run's id, a project's, or ANYTHING
    caller: Caller
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Hub:
    def __init__(self, db: Database, broker_url: str, most: int) -> None:
        self._db, self._broker_url, self._most = db, broker_url, most
        self._followers: dict[str, set[Follower]] = {}
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._look = asyncio.Event()
        self._mark: int | None = None
        self._has_word = False
        self._is_over = False

    @property
    def count(self) -> int:
        return self._count

    def start(self) -> None:
        """To be called on the loop."""
        self._loop = asyncio.get_running_loop()
        self._db.on_written.append(self.heard)
        self._tasks = [self._loop.create_task(self._look_now_and_then())]
        if self._broker_url:
            self._tasks.append(self._loop.create_task(self._listen()))

    async def stop(self) -> None:
        self._is_over = True
        self._db.on_written.remove(self.heard)
        for follower in [each for some in self._followers.values() for each in some]:
            follower.over.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def join(self, follower: Follower) -> None:
        """Raises TooManyStreams."""
        if self._count >= self._most:
            raise TooManyStreams(self._most)
        if self._is_over:
            follower.over.set()
        self._followers.setdefault(follower.topic, set()).add(follower)
        self._count += 1
        self._look.set()

    def leave(self, follower: Follower) -> None:
        some = self._followers[follower.topic]
        some.remove(follower)
        self._count -= 1
        if not some:
            del self._followers[follower.topic]

    def heard(self, run_ids: Collection[str]) -> None:
        """These runs were written to. From any thread."""
        if self._count and self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._wake, list(run_ids))

    def _wake(self, topics: Collection[str]) -> None:
        for topic in topics:
            for follower in self._followers.get(topic, ()):
                follower.awake.set()
        self._look.set()

    async def _look_now_and_then(self) -> None:
        """For what no word came of; and for projects, of which a word says nothing."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), LOOK_WITH_WORD_S if self._has_word else LOOK_S)
            if self._count:
                try:
                    await self._look_around()
                except PASSING as error:
                    log.warning("the database does not answer; those who follow wait", error=str(error.__cause__ or error))
                except Exception:
                    log.exception("looking for what was written failed; trying again")
            else:
                self._mark = None
                await self._look.wait()
            await asyncio.sleep(LOOK_SOON_S)

    async def _look_around(self) -> None:
        self._look.clear()
        followers = [each for some in self._followers.values() for each in some]
        secrets = {(each.caller.kind, each.caller.secret) for each in followers}
        mark, topics, valid = await to_thread.run_sync(self._read, self._mark, secrets)
        if self._mark is None:  # nobody looked before the followers that are here now joined
            topics = set(self._followers)
        self._mark = mark
        for follower in followers:
            if (follower.caller.kind, follower.caller.secret) not in valid:
                follower.over.set()
        if topics:
            topics.add(ANYTHING)
        for topic in topics & self._followers.keys():
            for follower in self._followers[topic]:
                follower.awake.set()

    def _read(self, mark: int | None, secrets: set[tuple[Kind, str]]) -> tuple[int, set[str], set[tuple[Kind, str]]]:
        """The next mark, the runs and projects written since the last one, and whose key is still good."""
        topics: set[str] = set()
        with self._db.read() as session:
            valid = _still_good(session, secrets)
            if mark is None:
                return stamps.mark(session), topics, valid
            at = (0, "")
            while True:
                lately = stamps.since(session, mark, after=at)
                for each in lately.written:
                    topics |= {each.run_id, each.project_id}
                if lately.is_all:
                    return lately.mark, topics, valid
                at = (lately.written[-1].stamp, lately.written[-1].run_id)

    async def _listen(self) -> None:
        """One connection to the broker, taken up again whenever it is lost."""
        while True:
            try:
                async with (
                    redis.Redis.from_url(redis_url(self._broker_url), socket_connect_timeout=1.0) as client,
                    client.pubsub() as ear,
                ):
                    await ear.subscribe(CHANNEL)
                    self._has_word = True
                    self._wake(list(self._followers))  # what was written while nobody listened
                    async for message in ear.listen():
                        if message["type"] == "message":
                            self._wake(message["data"].decode().split(" "))
            except (RedisError, OSError) as error:
                if self._has_word:
                    log.warning("the broker went away; looking by myself", error=str(error))
            except Exception:
                log.exception("listening to the broker failed")
            self._has_word = False
            self._look.set()
            await asyncio.sleep(LOOK_S)


def _still_good(session: Session, secrets: set[tuple[Kind, str]]) -> set[tuple[Kind, str]]:
    """Those of the texts of keys, sessions and links that are good as of now."""
    texts = {kind: [text for each, text in secrets if each == kind] for kind in ("key", "session", "link")}
    good = {"link": shares.still_good(session, texts["link"])}
    good |= {kind: keys.still_valid(session, texts[kind], of_sessions=kind == "session") for kind in ("key", "session")}
    return {(kind, text) for kind, text in secrets if text in good[kind]}
