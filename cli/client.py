"""The service over HTTP: where it is, which key opens it, and its problems as sentences."""

import json
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from cli.datafolder import read_holder
from cli.errors import CliError

if TYPE_CHECKING:
    import httpx

DEFAULT_URL = "http://127.0.0.1:8800"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
TIMEOUT_S = 60.0
SLOW_TIMEOUT_S = 600.0  # many runs deleted; and between two pieces of an export, whose columns are looked for before its first row
PAUSES_S = (0.2, 0.5, 1.5)  # between the tries of a request that may be sent again


class ServiceError(CliError):
    """The service answered with a problem."""

    def __init__(self, status: int, problem: dict[str, Any], todo: str = "") -> None:
        super().__init__(problem_sentence(problem, status), todo)
        self.status = status
        self.problem = problem


class Service:
    """with open_service() as service:  service.get("/runs/k3v9")"""

    def __init__(self, url: str, key: str, key_from: str) -> None:
        import httpx

        self.url = url.rstrip("/")
        self._key_from = key_from
        if not (key.isascii() and key.isprintable()):
            raise CliError(f"What {key_from} holds is no key.", "A key is rt- and 40 letters and digits.")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            # A proxy that is set for the outside world must not be asked for this machine.
            self._http = httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=TIMEOUT_S, trust_env=not is_loopback(url))
        except httpx.InvalidURL as error:
            raise _no_address(self.url) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        return self._send("GET", path, params=_present(query))

    def post(self, path: str, body: dict[str, Any], **query: Any) -> Any:
        """Safe to be sent again after a lost connection: it carries an Idempotency-Key."""
        headers = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": "application/json"}
        return self._send("POST", path, params=_present(query), content=_encode(body), headers=headers)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return self._send("PATCH", path, content=_encode(body), headers={"Content-Type": "application/json"})

    def put(self, path: str, body: dict[str, Any]) -> Any:
        return self._send("PUT", path, content=_encode(body), headers={"Content-Type": "application/json"})

    def delete(self, path: str, **query: Any) -> Any:
        return self._send("DELETE", path, params=_present(query), timeout=SLOW_TIMEOUT_S)

    def act(self, path: str, body: dict[str, Any]) -> Any:
        """A POST that may take minutes, and is not sent again: the second try would find other things than the first."""
        return self._send("POST", path, pauses_s=(), content=_encode(body), headers={"Content-Type": "application/json"}, timeout=SLOW_TIMEOUT_S)

    def upload(self, path: str, files: Sequence[tuple[str, Path]], **query: Any) -> Any:
        """POST files as a form, each under a field's name; they are read while they are sent, and not sent again."""
        with ExitStack() as opened:
            try:
                form = [(field, (file.name, opened.enter_context(file.open("rb")))) for field, file in files]
            except OSError as error:
                raise CliError(f"{error.filename} cannot be read: {error.strerror}.") from error
            return self._send("POST", path, pauses_s=(), params=_present(query), files=form, timeout=SLOW_TIMEOUT_S)

    def download(self, path: str, file: Path, **query: Any) -> dict[str, str]:
        """The answer's headers; its body is in the file, whole and on the disk. Begun anew when the connection breaks."""
        import httpx

        for pause_s in (*PAUSES_S, None):
            try:
                with self._http.stream("GET", path, params=_present(query), timeout=SLOW_TIMEOUT_S) as answer:
                    if answer.is_success:
                        _save(answer, file)
                        return dict(answer.headers)
                    answer.read()
                if answer.status_code not in (429, 503) or pause_s is None:
                    self._read(answer)
                time.sleep(_retry_after(answer, PAUSES_S[0]))
            except httpx.TransportError as error:
                if pause_s is None or isinstance(error, httpx.UnsupportedProtocol):
                    raise self._unreachable(error) from error
                time.sleep(pause_s)
        raise AssertionError("unreachable")

    def lines(self, path: str) -> Iterator[str]:
        """The lines of a stream of events, until it ends. Nothing of a lost connection or a service that has no such stream."""
        import httpx

        try:
            with self._http.stream("GET", path) as answer:
                if answer.is_success:
                    yield from answer.iter_lines()
        except (httpx.HTTPError, httpx.StreamError, RuntimeError):  # RuntimeError: the client was closed meanwhile
            return

    def every(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """The items of a list, page by page."""
        cursor = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def _send(self, method: str, path: str, pauses_s: tuple[float, ...] = PAUSES_S, **request: Any) -> Any:
        import httpx

        pauses_s = () if method == "DELETE" else pauses_s  # what was deleted by the first try is not found by the second
        for pause_s in (*pauses_s, None):
            try:
                answer = self._http.request(method, path, **request)
            except httpx.TransportError as error:
                if pause_s is None or isinstance(error, httpx.UnsupportedProtocol):
                    raise self._unreachable(error) from error
                time.sleep(pause_s)
                continue
            except httpx.InvalidURL as error:
                raise _no_address(self.url) from error
            if answer.status_code in (429, 503) and pause_s is not None:
                time.sleep(_retry_after(answer, pause_s))
                continue
            return self._read(answer)
        raise AssertionError("unreachable")

    def _read(self, answer: "httpx.Response") -> Any:
        if answer.is_success:
            try:
                return answer.json() if answer.content else None
            except ValueError as error:
                raise CliError(f"What answers at {self.url} is not Runtwice.", "Check RUNTWICE_URL.") from error
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        problem = problem if isinstance(problem, dict) else {}
        raise ServiceError(answer.status_code, problem, self._todo(answer.status_code, str(problem.get("type", ""))))

    def _todo(self, status: int, kind: str) -> str:
        if kind.endswith("too-many-changes"):
            return "Change one thing at a time, or say --allow-many-changes (in a study, `factors: many` of the change)."
        if status == 401:
            return f"The key was taken from {self._key_from}." if self._key_from else "Set RUNTWICE_API_KEY to a key of that service."
        if status == 403:
            return f"The key from {self._key_from} has too low a role; an admin can make another: runtwice keys create NAME --role member"
        return ""

    def _unreachable(self, error: Exception) -> CliError:
        import httpx

        if isinstance(error, httpx.TimeoutException):
            return CliError(f"The service at {self.url} did not answer within {TIMEOUT_S:g} s.", "`runtwice doctor` looks for the cause.")
        if isinstance(error, httpx.UnsupportedProtocol):
            return _no_address(self.url)
        todo = "Start one with `runtwice up`, or set RUNTWICE_URL (another data folder: RUNTWICE_DATA_DIR)."
        return CliError(f"No Runtwice answers at {self.url}.", todo)


@contextmanager
def open_service() -> Iterator[Service]:
    """The service that the environment names, or the one that runs on this machine's data folder."""
    url = find_url()
    key, key_from = find_key(url)
    with Service(url, key, key_from) as service:
        yield service


def find_url() -> str:
    """RUNTWICE_URL, else the address of the `up` that holds the data folder, else where one would be."""
    if os.environ.get("RUNTWICE_URL"):
        return os.environ["RUNTWICE_URL"]
    holder = read_holder(data_dir())
    port = os.environ.get("RUNTWICE_PORT")
    return holder["url"] if holder else f"http://127.0.0.1:{port}" if port else DEFAULT_URL


def find_key(url: str) -> tuple[str, str]:
    """A key and where it comes from. The data folder's admin key is shown to this machine's service only; ("", "") without any."""
    if os.environ.get("RUNTWICE_API_KEY"):
        return os.environ["RUNTWICE_API_KEY"].strip(), "RUNTWICE_API_KEY"
    file = data_dir() / "admin.key"
    holder = read_holder(data_dir())
    if not is_loopback(url) and (holder is None or holder["url"] != url.rstrip("/")):
        return "", ""
    try:
        return file.read_text().strip(), str(file)
    except OSError:
        return "", ""


def data_dir() -> Path:
    return Path(os.environ.get("RUNTWICE_DATA_DIR") or "runtwice-data")


def is_loopback(url: str) -> bool:
    try:
        return (urlsplit(url).hostname or "") in LOOPBACK
    except ValueError:
        return False


def problem_sentence(problem: dict[str, Any], status: int) -> str:
    """What is wrong, in words; of a refused config one line per field: "config.optimizer.lr: takes a number above 0; got -1"."""
    detail = str(problem.get("detail") or problem.get("title") or f"The service answered with status {status}.")
    lines = [_field_line(error) for error in problem.get("errors") or []]
    if lines and (detail.startswith(lines[0]) or lines[0].endswith(detail)):
        return "\n".join(lines)  # the detail says the first of them again
    return "\n".join([detail, *(f"  {line}" for line in lines)])


def _field_line(error: dict[str, Any]) -> str:
    pointer = str(error.get("pointer", "")).lstrip("/")
    field = ".".join(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/"))
    return f"{field}: {error.get('detail', '')}" if field else str(error.get("detail", ""))


def _no_address(url: str) -> CliError:
    return CliError(f"{url} is not an address.", "Correct RUNTWICE_URL: http://host:port")


def _save(answer: "httpx.Response", file: Path) -> None:
    with file.open("wb") as written:
        for piece in answer.iter_bytes():
            written.write(piece)
        written.flush()
        os.fsync(written.fileno())


def _present(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}


def _encode(body: dict[str, Any]) -> bytes:
    try:
        return json.dumps(body, allow_nan=False).encode()
    except ValueError as error:
        raise CliError(f"This cannot be sent: {error}.", "A config holds finite numbers only.") from error


def _retry_after(answer: "httpx.Response", otherwise_s: float) -> float:
    try:
        return min(10.0, float(answer.headers["retry-after"]))
    except (KeyError, ValueError):
        return otherwise_s
