"""Figures about the service itself, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store import nodes
from store.database import now
from store.tables import RUN_STATES, Run

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Labels take values from short closed lists only (route templates, methods, statuses): nobody can make a million series."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("runtwice_http_requests", "Requests answered.", ("route", "method", "status"), registry=self.registry)
        self.seconds = Histogram("runtwice_http_request_seconds", "Time to the answer.", ("route", "method"), buckets=SECONDS, registry=self.registry)
        self.points = Counter("runtwice_points", "Values received from clients.", ("outcome",), registry=self.registry)
        self._counts: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._accepted = self.points.labels("accepted")
        self.runs = Gauge("runtwice_runs", "Runs by state.", ("state",), registry=self.registry)
        self.oldest_queued_s = Gauge("runtwice_oldest_queued_seconds", "How long the oldest queued run has waited.", registry=self.registry)
        self.nodes = Gauge("runtwice_nodes_alive", "Nodes that answered within 30 s.", registry=self.registry)

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        method = method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") else "other"
        counts = self._counts.get((route, method, status))
        if counts is None:
            counts = self._counts[route, method, status] = (self.requests.labels(route, method, str(status)), self.seconds.labels(route, method))
        counts[0].inc()
        counts[1].observe(seconds)

    def count_points(self, accepted: int, refused: int) -> None:
        self._accepted.inc(accepted)
        if refused:
            self.points.labels("refused").inc(refused)

    def read(self, session: Session) -> bytes:
        """The exposition text, with what the database knows as of now."""
        counts = {state: count for state, count in session.execute(select(Run.state, func.count()).group_by(Run.state))}  # noqa: C416
        for state in RUN_STATES:
            self.runs.labels(state).set(counts.get(state, 0))
        waited = session.scalar(select(now() - func.min(Run.created_at)).where(Run.state == "queued"))
        self.oldest_queued_s.set(waited or 0.0)
        self.nodes.set(len(nodes.alive(session)))
        return generate_latest(self.registry)
