"""What the holder of a read-only link may ask for: the addresses listed here, for what is shared; everything else is not there."""

import re
from dataclasses import dataclass

from sqlalchemy.orm import Session
from starlette.datastructures import QueryParams

from api.addresses import is_page
from api.envelope import BASE
from api.problems import Problem
from store import shares
from store.errors import ArtifactNotFound, NotFound, RunNotFound, StudyNotFound
from store.shares import Link

READS = ("GET", "HEAD")
OF_RUN = (
    "",
    "/events",
    "/log",
    "/attempts",
    "/digests",
    "/artifacts",
    "/media",
    "/diagnostics",
    "/alerts",
    "/reruns",
    "/verdict",
    "/verdict/receipt",
    "/badge.svg",
)
OF_STUDY = ("", "/report", "/badge.svg")
OF_ARTIFACT = ("", "/content", "/html")
OF_RUNS_ASKED_FOR = (f"{BASE}/series", f"{BASE}/compare", f"{BASE}/verdicts")  # ?run=A&run=B
OF_EITHER_RUN = f"{BASE}/verdicts/{{run}}/{{other}}"
OF_ANYBODY = (f"{BASE}/me",)
ALLOWED = (
    *(f"{BASE}/runs/{{run}}{rest}" for rest in OF_RUN),
    *(f"{BASE}/studies/{{study}}{rest}" for rest in OF_STUDY),
    *(f"{BASE}/artifacts/{{artifact}}{rest}" for rest in OF_ARTIFACT),
    *OF_RUNS_ASKED_FOR,
    OF_EITHER_RUN,
    *OF_ANYBODY,
)
_PATTERNS = [(template, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))) for template in ALLOWED]


@dataclass(frozen=True)
class Asked:
    """A request, as far as it matters here."""

    method: str
    path: str
    query: bytes

    def named(self) -> tuple[str, dict[str, str]] | None:
        """Which of ALLOWED it is, and the names in its path."""
        found = ((template, pattern.fullmatch(self.path)) for template, pattern in _PATTERNS)
        return next(((template, match.groupdict()) for template, match in found if match), None) if self.method in READS else None


def admit(session: Session, links: list[Link], asked: Asked) -> Link:
    """The first of the links, of which there is one at least, with which this may be asked for.

    Raises NotFound in the words for what never was, Problem 404 for an address that no link opens.
    """
    if asked.method in READS and is_page(asked.path):
        return links[0]  # the page's empty shell
    named = asked.named()
    if named is None:
        raise Problem(404, "There is nothing at this address.")
    template, names = named
    runs = QueryParams(asked.query).getlist("run") if template in OF_RUNS_ASKED_FOR else [names["run"]] if "run" in names else []
    for link in links:
        if template in OF_ANYBODY or _lets_see(session, link, names, runs):
            return link
    raise _not_found(names, runs)


def _lets_see(session: Session, link: Link, names: dict[str, str], runs: list[str]) -> bool:
    if "study" in names:
        return link.share.study_id == names["study"]
    if "artifact" in names:
        return shares.lets_see_artifact(session, link.share, names["artifact"])
    if "other" in names:
        return any(shares.lets_see_runs(session, link.share, [run_id]) for run_id in (*runs, names["other"]))
    return shares.lets_see_runs(session, link.share, runs)


def _not_found(names: dict[str, str], runs: list[str]) -> NotFound | Problem:
    if "study" in names:
        return StudyNotFound(names["study"])
    if "artifact" in names:
        return ArtifactNotFound(names["artifact"])
    return RunNotFound(runs[0]) if runs else Problem(404, "There is nothing at this address.")
