"""Runs of every kind of value, in a database and as plain values, and filters that ask about them."""

import math
from typing import Any

from hypothesis import strategies as st
from plain_filter import PlainRun

from store import projects, runs, series
from store.database import Database
from store.series import Points

LONG = "x" * 99
VALUES = [0, 1, -1.5, 0.1, 1e300, 2**53, True, False, None, "", "a", "A", "ab", "ä", "Z%_*[?]\\", "true", LONG, LONG + "a", LONG + "ab", [], [1, "a"]]
CONFIGS: list[dict[str, Any]] = [
    *({"x": value, "y": {"z": VALUES[-index]}} for index, value in enumerate(VALUES)),
    {"y": {}},
    {"a-b": {"c.d": 1, 'q"': "a"}},
    {"y": {"z": {"deeper": None}}},
]
METRICS = [{}, {"m": [1.0, 0.5]}, {"m": [math.nan]}, {"m": [0.1, math.inf], "val/loss": [-1.0]}, {"val/loss": [3.0, math.nan, 2.0]}]
TAGS = [[], ["a"], ["a", "b"], ["A", "ä"]]

PAIRS = {"x": "config.x", "y": "config.y", "y.z": "params.y.z", '"a-b"."c.d"': 'config."a-b".`c.d`', '"a-b"."q"""': 'config."a-b"."q"""'}
KEYS = [*PAIRS.values(), "config.y.z.deeper", "name", "state", "seed", "attempt", "archived", "node", "project"]
METRIC_KEYS = [f"metrics.{name}{part}" for name in ("m", '"val/loss"', "none") for part in ("", ".last", ".min", ".max", ".min_step", ".count")]


def add(db: Database, index: int, config: dict[str, Any], project: str | None = None) -> PlainRun:
    metrics, tags = METRICS[index % len(METRICS)], TAGS[index % len(TAGS)]
    name = [LONG, "a", "tmp-A", "ä_%"][index % 4]
    with db.begin() as session:
        run = runs.add_client(session, projects.find_or_add(session, "team", project or f"p{index % 2}"), config, name=name, tags=tags)
        run.seed, run.archived = (index if index % 3 else None), index % 2 == 0
        for metric, values in metrics.items():
            series.append(session, run.id, Points(range(len(values)), [0.0] * len(values), {metric: values}))
        fields = {
            "name": name,
            "state": "running",
            "seed": run.seed,
            "attempt": 0,
            "archived": run.archived,
            "node": None,
            "project": run.project.path,
        }
        return PlainRun(run.id, fields, config, metrics, tags)


def literals() -> st.SearchStrategy[str]:
    texts = ["a", "A", "ab", "ä", "true", "", LONG, LONG + "a", LONG + "b", "running", "team/p0", "it''s", "[]", '[1,"a"]']
    return st.sampled_from(["0", "1", "-1.5", "0.1", "2", "1e300", "9007199254740993", "0.5", "true", "false", *(f"'{text}'" for text in texts)])


PATTERNS = st.sampled_from(["%", "a%", "%A", "_", "%x", "z\\%", "%[?]%", "%*%", "", "%\\", "Z%\\_%", "ä", "Ä", LONG + "_", "tmp%"])
SIGNS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
LISTS = st.lists(literals(), min_size=1, max_size=4).map(", ".join)
TAG_LISTS = st.lists(st.sampled_from(["'a'", "'b'", "'ä'", "'none'"]), min_size=1, max_size=3).map(", ".join)
NOT = st.sampled_from(["", "not "])


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    form = draw(st.sampled_from(["compare", "in", "like", "null", "tags"]))
    if form == "tags":
        return f"tags {draw(NOT)}in ({draw(TAG_LISTS)})"
    key = draw(st.sampled_from(KEYS + METRIC_KEYS))
    if form == "compare":
        return f"{key} {draw(SIGNS)} {draw(literals())}"
    if form == "in":
        return f"{key} {draw(NOT)}in ({draw(LISTS)})"
    if form == "like":
        return f"{key} {draw(NOT)}{draw(st.sampled_from(['like', 'ilike']))} '{draw(PATTERNS)}'"
    return f"{key} is {draw(NOT)}null"


FILTERS = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"),
    ),
    max_leaves=8,
)
