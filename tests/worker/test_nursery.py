"""Children: how they begin, talk, end, and what ends with whom."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import wait_until

from trainer.events import Ended
from worker.child import Order
from worker.children import Exited, Happening, Said
from worker.nursery import CannotSpawn, Nursery, fresh

Do = Callable[..., list[Happening]]
IsAlive = Callable[[int], bool]

HELD_BY_A_WORKER = """
import sys
from worker.child import Order
from worker.nursery import Nursery
nursery = Nursery("entries:preload")
nursery.start()
child = nursery.spawn(Order({"family": sys.argv[1]}, {}, "entries:" + sys.argv[2]))
print(nursery.server_pid, flush=True)
list(child.happenings())
"""


def printed(happenings: list[Happening]) -> list[str]:
    return [line for happening in happenings if isinstance(happening, Said) for line in happening.lines]


def open_fds(pid: int | str) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def family_of(file: Path) -> list[int]:
    """The pids a child wrote down."""
    wait_until(file.exists, what="the child to write down its family")
    return [int(word) for word in file.read_text().split()]


class TestEnd:
    @pytest.mark.parametrize(
        ("entry", "arguments", "code"),
        [
            pytest.param("exit_with", {"code": 0}, 0, id="returned 0"),
            pytest.param("exit_with", {"code": 3}, 3, id="returned 3"),
            pytest.param("exit_hard", {"code": 7}, 7, id="left in the middle"),
            pytest.param("segfault", {}, -signal.SIGSEGV, id="segmentation fault"),
            pytest.param("abort", {}, -signal.SIGABRT, id="abort"),
            pytest.param("die_by", {"number": 9}, -signal.SIGKILL, id="kill -9"),
            pytest.param("die_by", {"number": 15}, -signal.SIGTERM, id="terminated"),
        ],
    )
    def test_is_told_as_it_was(self, do: Do, entry: str, arguments: dict[str, Any], code: int) -> None:
        assert do(entry, **arguments)[-1] == Exited(code)

    def test_of_an_exception_is_a_failure_with_its_last_line_and_a_traceback(self, do: Do) -> None:
        happenings = do("fail", words="the data is gone")

        assert happenings[-2:] == [Ended("failed", "ValueError: the data is gone", None), Exited(1)]
        assert "Traceback (most recent call last):" in printed(happenings)

    def test_for_lack_of_memory_says_so(self, do: Do) -> None:
        assert Ended("failed", "out of memory: MemoryError", None) in do("eat_memory")

    def test_of_500_children_from_four_threads_is_right_each_time_and_leaves_nothing(self, nursery: Nursery, do: Do) -> None:
        do("exit_with", code=0)
        before = open_fds("self"), open_fds(nursery.server_pid or 0)
        wrong: list[list[Happening]] = []

        def many() -> None:
            wrong.extend(told for i in range(125) if (told := do("exit_with", code=i % 7)) != [Exited(i % 7)])

        threads = [threading.Thread(target=many) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert wrong == []
        assert (open_fds("self"), open_fds(nursery.server_pid or 0)) == before
        children = Path(f"/proc/{nursery.server_pid}/task/{nursery.server_pid}/children").read_text()
        assert children == ""

    def test_comes_though_a_grandchild_that_left_the_group_holds_the_pipes(self, do: Do, tmp_path: Path) -> None:
        happenings = do("sleep_in_a_session_of_its_own", family=str(tmp_path / "family"))

        assert happenings[-1] == Exited(0)
        os.kill(int((tmp_path / "family").read_text()), signal.SIGKILL)


class TestChild:
    def test_has_a_session_of_its_own_and_the_environment_it_was_given(self, nursery: Nursery) -> None:
        child = nursery.spawn(Order({}, {"COLOUR": "red"}, "entries:tell_surroundings"))

        leads_session, colour, sigterm, fds = printed(list(child.happenings()))[0].split()

        assert (leads_session, colour, sigterm) == ("True", "red", "0")
        assert int(fds) == 5, "stdin, stdout, stderr, the events and the folder that is being listed"

    def test_prints_twenty_megabytes_without_harm(self, do: Do) -> None:
        happenings = do("chatter", size_bytes=20_000_000)

        assert sum(len(line) + 1 for line in printed(happenings)) == 20_000_000
        assert happenings[-1] == Exited(0)

    def test_takes_an_order_of_150_kilobytes(self, do: Do) -> None:
        words = "\n".join(["w" * 100] * 1500)

        assert printed(do("echo", words=words)) == words.split("\n")

    def test_is_not_made_for_an_order_that_is_too_long(self, do: Do) -> None:
        with pytest.raises(CannotSpawn, match="bytes"):
            do("echo", words="w" * 300_000)

    def test_ends_when_told_to_with_its_grandchildren(self, spawn: Callable[..., Any], is_alive: IsAlive, tmp_path: Path) -> None:
        child = spawn("sleep", family=str(tmp_path / "family"))
        family = family_of(tmp_path / "family")

        child.kill(signal.SIGTERM)

        assert list(child.happenings()) == [Exited(-signal.SIGTERM)]
        wait_until(lambda: not any(map(is_alive, family)))

    def test_that_ignores_being_told_ends_by_force(self, spawn: Callable[..., Any], is_alive: IsAlive, tmp_path: Path) -> None:
        child = spawn("ignore_sigterm", family=str(tmp_path / "family"))
        pid, _ = family_of(tmp_path / "family")

        child.kill(signal.SIGTERM)
        assert is_alive(pid)
        child.kill(signal.SIGKILL)

        assert list(child.happenings()) == [Exited(-signal.SIGKILL)]

    def test_that_has_ended_is_not_killed_twice(self, spawn: Callable[..., Any]) -> None:
        child = spawn("exit_with", code=0)
        assert list(child.happenings()) == [Exited(0)]

        child.kill(signal.SIGKILL)


class TestFreshProcess:
    @pytest.mark.parametrize(("entry", "arguments", "code"), [("exit_with", {"code": 4}, 4), ("segfault", {}, -signal.SIGSEGV)])
    def test_ends_as_a_forked_one_does(self, entry: str, arguments: dict[str, Any], code: int) -> None:
        assert list(fresh(Order(arguments, {}, f"entries:{entry}")).happenings())[-1] == Exited(code)

    def test_ends_when_told_to_with_its_grandchildren(self, is_alive: IsAlive, tmp_path: Path) -> None:
        child = fresh(Order({"family": str(tmp_path / "family")}, {}, "entries:sleep"))
        family = family_of(tmp_path / "family")

        child.kill(signal.SIGTERM)

        assert list(child.happenings()) == [Exited(-signal.SIGTERM)]
        wait_until(lambda: not any(map(is_alive, family)))

    @pytest.mark.parametrize("preload", ["preload_fails", "preload_with_a_thread"])
    def test_is_what_children_are_when_no_server_comes_up(self, preload: str) -> None:
        nursery = Nursery(f"entries:{preload}")
        nursery.start()

        happenings = list(nursery.spawn(Order({"code": 6}, {}, "entries:exit_with")).happenings())

        assert happenings == [Exited(6)]
        assert not nursery.forking


class TestDeath:
    def test_of_the_server_ends_its_children_and_another_comes(self, nursery: Nursery, is_alive: IsAlive, tmp_path: Path) -> None:
        child = nursery.spawn(Order({"family": str(tmp_path / "family")}, {}, "entries:sleep"))
        family = family_of(tmp_path / "family")
        first = nursery.server_pid or 0

        os.kill(first, signal.SIGKILL)

        assert list(child.happenings()) == [Exited(None)]
        wait_until(lambda: not any(map(is_alive, family)))
        wait_until(lambda: nursery.server_pid != first)
        assert list(nursery.spawn(Order({"code": 2}, {}, "entries:exit_with")).happenings()) == [Exited(2)]

    @pytest.mark.parametrize("entry", ["sleep", "ignore_sigterm"])
    @pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
    def test_of_the_worker_ends_server_child_and_grandchild(self, is_alive: IsAlive, tmp_path: Path, entry: str, by: signal.Signals) -> None:
        command = [sys.executable, "-c", HELD_BY_A_WORKER, str(tmp_path / "family"), entry]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            server = int(worker.stdout.readline())
            family = family_of(tmp_path / "family")

            worker.send_signal(by)
            worker.wait()

        wait_until(lambda: not any(map(is_alive, [server, *family])), timeout_s=5)

    def test_of_the_worker_ends_a_fresh_child_too(self, is_alive: IsAlive, tmp_path: Path) -> None:
        program = HELD_BY_A_WORKER.replace('"entries:preload"', '"entries:preload", forking=False')
        command = [sys.executable, "-c", program, str(tmp_path / "family"), "sleep"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as worker:
            family = family_of(tmp_path / "family")

            worker.kill()
            worker.wait()

        wait_until(lambda: not any(map(is_alive, family)), timeout_s=5)
