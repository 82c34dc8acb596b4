"""Finding runs over HTTP: filters, sorts, fields, pages."""

from http.client import HTTPConnection
from typing import Any

import pytest


@pytest.fixture
def runs(api: Any, project: str) -> dict[str, str]:
    """Three runs by their names; c has no metric."""
    made = {}
    for name, lr, tags in (("a", 0.1, ["bn"]), ("b", 0.01, ["bn", "x"]), ("c", "auto", [])):
        run = api.client_run(project, name=name, tags=tags, config={"optimizer": {"lr": lr}, "a-b": {"c.d": name}})
        made[name] = run["id"]
        if name != "c":
            points = {"steps": [0, 1], "metrics": {"val/loss": [lr, 1.0]}}
            assert api.admin.post(f"/api/v1/runs/{run['id']}/points", json=points).status_code == 200
    return made


def names(api: Any, project: str, **query: Any) -> list[str]:
    answer = api.admin.get("/api/v1/runs", params={"project": project, **query})
    assert answer.status_code == 200, answer.text
    return [run["name"] for run in answer.json()["items"]]


class TestFilter:
    @pytest.mark.parametrize(
        ("filter", "found"),
        [
            pytest.param("config.optimizer.lr >= 0.1", "a", id="a number in a config"),
            pytest.param("config.optimizer.lr = 'auto'", "c", id="a text in a config"),
            pytest.param("not config.optimizer.lr >= 0.1", "bc", id="not flips what a text made false"),
            pytest.param("config.optimizer.lr != 0.1", "b", id="a text is not unequal to a number"),
            pytest.param('config."a-b"."c.d" = \'b\'', "b", id="keys in double quotes"),
            pytest.param("config.`a-b`.`c.d` in ('b', 'c')", "bc", id="keys in backticks"),
            pytest.param('metrics."val/loss" = 1', "ab", id="the last value of a metric"),
            pytest.param('metrics."val/loss".min < 0.05', "b", id="the least of a metric"),
            pytest.param('metrics."val/loss" is null', "c", id="no such metric"),
            pytest.param("config.optimizer is not null", "abc", id="an object is there"),
            pytest.param("tags in ('x', 'y')", "b", id="any of the tags"),
            pytest.param("tags not in ('x')", "ac", id="none of the tags"),
            pytest.param("name like 'A'", "", id="like minds case"),
            pytest.param("name ilike 'A'", "a", id="ilike does not"),
            pytest.param("attributes.status = 'RUNNING' and params.optimizer.lr = 0.1", "a", id="as MLflow spells it"),
            pytest.param("archived = false and created_at > '2020-01-01'", "abc", id="booleans and times"),
            pytest.param("seed is null and not (name = 'a' or name = 'b')", "c", id="parentheses"),
        ],
    )
    def test_lets_through(self, api, project, runs, filter, found) -> None:
        assert "".join(sorted(names(api, project, filter=filter))) == found

    @pytest.mark.parametrize(
        ("filter", "column"),
        [
            pytest.param("name = ", 8, id="no value"),
            pytest.param("state = finished", 9, id="a bare word"),
            pytest.param("optimizer.lr = 1", 1, id="no such key"),
            pytest.param("(" * 10_000, 14, id="ten thousand parentheses"),
            pytest.param("created_at > 'yesterday'", 14, id="not a time"),
            pytest.param("tags < 'a'", 1, id="tags have no order"),
            pytest.param("x" * 60_000, 16_385, id="too long"),
            pytest.param("name = 'a' \u2028 \U0001f600", 14, id="odd unicode"),
            pytest.param("name = '\ud7ff\u202e' and \u00e9 = 1", 17, id="letters beyond ASCII as a key"),
        ],
    )
    def test_that_cannot_be_read_is_400_with_the_column(self, sqlite_api, filter, column) -> None:
        answer = sqlite_api.admin.get("/api/v1/runs", params={"filter": filter})

        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
        assert answer.json()["column"] == column

    def test_of_a_hundred_thousand_characters_is_refused(self, sqlite_api) -> None:
        connection = HTTPConnection("127.0.0.1", sqlite_api.settings.port)  # httpx takes no address that long
        connection.request("GET", f"/api/v1/runs?filter={'x' * 100_000}", headers={"Authorization": sqlite_api.admin.headers["Authorization"]})

        assert connection.getresponse().status == 400
        connection.close()

    def test_counts_what_it_lets_through(self, api, project, runs) -> None:
        query = {"project": project, "filter": "tags in ('bn')", "total": "true", "limit": 1}

        assert api.admin.get("/api/v1/runs", params=query).json()["total"] == 2

    def test_finds_by_tags_as_they_are_now(self, api, project, runs) -> None:
        api.admin.patch(f"/api/v1/runs/{runs['c']}", json={"tags": ["new"]})

        assert names(api, project, filter="tags in ('new')") == ["c"]

    def test_a_deleted_run_is_gone(self, api, project, runs) -> None:
        api.admin.post(f"/api/v1/runs/{runs['a']}/finish", json={"state": "finished"})

        assert api.admin.delete(f"/api/v1/runs/{runs['a']}").status_code == 200
        assert names(api, project, filter="config.optimizer.lr > 0") == ["b"]


class TestSort:
    @pytest.mark.parametrize(
        ("sort", "order"),
        [
            pytest.param('metrics."val/loss".min', "bac", id="up"),
            pytest.param('-metrics."val/loss".min', "abc", id="down, missing last"),
            pytest.param("config.optimizer.lr", "bac", id="numbers before texts"),
            pytest.param('metrics."val/loss",-name', "bac", id="two keys"),
            pytest.param("created_at", "abc", id="by age"),
            pytest.param("project", "abc", id="ties oldest first"),
            pytest.param("-project", "cba", id="ties newest first going down"),
        ],
    )
    def test_puts_in_order_page_by_page(self, api, project, runs, sort, order) -> None:
        seen, cursor = "", None
        while True:
            query = {"project": project, "sort": sort, "limit": 1} | ({"cursor": cursor} if cursor else {})
            page = api.admin.get("/api/v1/runs", params=query).json()
            seen += page["items"][0]["name"]
            if (cursor := page["next_cursor"]) is None:
                break

        assert seen == order == "".join(names(api, project, sort=sort))

    def test_refuses_a_cursor_of_another_order(self, api, project, runs) -> None:
        first = api.admin.get("/api/v1/runs", params={"project": project, "sort": "name", "limit": 1}).json()

        answer = api.admin.get("/api/v1/runs", params={"project": project, "sort": "-name", "cursor": first["next_cursor"]})

        assert answer.status_code == 400


class TestFields:
    def test_picks_paths_nested_as_in_the_run(self, api, project, runs) -> None:
        query = {"project": project, "sort": "name", "fields": 'name,config.optimizer.lr,metrics."val/loss".min', "limit": 1}

        assert api.admin.get("/api/v1/runs", params=query).json()["items"] == [
            {"name": "a", "config": {"optimizer": {"lr": 0.1}}, "metrics": {"val/loss": {"min": 0.1}}}
        ]

    def test_leaves_out_what_a_run_lacks(self, api, project, runs) -> None:
        query = {"project": project, "filter": "name = 'c'", "fields": "name,metrics.nothing"}

        assert api.admin.get("/api/v1/runs", params=query).json()["items"] == [{"name": "c"}]

    def test_lists_what_can_be_searched(self, api, project, runs) -> None:
        found = api.admin.get("/api/v1/runs/fields", params={"project": project}).json()

        assert {"key": "config.optimizer.lr", "numbers": 2, "texts": 1} in found["config"]
        assert 'config."a-b"."c.d"' in [leaf["key"] for leaf in found["config"]]
        assert [metric["key"] for metric in found["metrics"]] == ['metrics."val/loss"']
        assert found["tags"] == ["bn", "x"]


class TestFacets:
    def test_count_the_values_of_most_runs_first(self, api, project, runs) -> None:
        query = {"project": project, "of": "tags,config.optimizer.lr,state"}

        tags, lr, state = api.admin.get("/api/v1/runs/facets", params=query).json()["items"]

        assert tags == {"key": "tags", "values": [{"value": "bn", "runs": 2}, {"value": "x", "runs": 1}], "more": False, "min": None, "max": None}
        assert (lr["key"], lr["values"][0]) == ("config.optimizer.lr", {"value": 0.01, "runs": 1})
        assert state["values"] == [{"value": "running", "runs": 3}]

    def test_look_through_a_filter_and_bound_what_they_leave_out(self, api, project, runs) -> None:
        query = {"project": project, "of": "config.optimizer.lr", "filter": "tags in ('bn')", "limit": 1}

        (lr,) = api.admin.get("/api/v1/runs/facets", params=query).json()["items"]

        assert (len(lr["values"]), lr["more"], lr["min"], lr["max"]) == (1, True, 0.01, 0.1)

    @pytest.mark.parametrize("of", ["", "metrics.loss", "created_at", "nothing", "tags,", ",".join(["name"] * 21)])
    def test_refuse(self, sqlite_api, of) -> None:
        assert sqlite_api.admin.get("/api/v1/runs/facets", params={"of": of}).status_code == 400


class TestGroups:
    @pytest.fixture
    def seeds(self, api, project) -> dict[tuple[float, int], str]:
        """Client runs by (lr, seed), whose last loss is the seed."""
        made = {}
        for lr in (0.1, 0.2):
            for seed in (1, 2, 4):
                run = api.client_run(project, config={"optimizer": {"lr": lr}, "seed": seed})
                api.admin.post(f"/api/v1/runs/{run['id']}/points", json={"steps": [0], "metrics": {"loss": [seed], "other": ["NaN"]}})
                made[lr, seed] = run["id"]
        return made

    @pytest.mark.parametrize("group_by", ["config.optimizer.lr", "all_but:seed", "all_but=seed"])
    def test_spread_the_last_values_of_runs_that_agree(self, api, project, seeds, group_by) -> None:
        items = api.admin.get("/api/v1/runs", params={"project": project, "group_by": group_by}).json()["items"]

        assert items[0] == {
            "key": {"config.optimizer.lr": 0.1},
            "n": 3,
            "runs": [seeds[0.1, seed] for seed in (1, 2, 4)],
            "metrics": {"loss": {"mean": 7 / 3, "sd": pytest.approx(1.5275252316519468), "min": 1.0, "max": 4.0, "n": 3}},
        }
        assert [item["key"] for item in items] == [{"config.optimizer.lr": 0.1}, {"config.optimizer.lr": 0.2}]

    def test_come_by_pages_and_filtered(self, api, project, seeds) -> None:
        query = {"project": project, "group_by": "config.seed,state", "filter": "config.seed < 4", "limit": 1, "total": "true"}
        first = api.admin.get("/api/v1/runs", params=query).json()
        second = api.admin.get("/api/v1/runs", params={**query, "cursor": first["next_cursor"]}).json()

        assert [page["items"][0]["key"]["config.seed"] for page in (first, second)] == [1, 2]
        assert (first["total"], second["next_cursor"]) == (2, None)

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            pytest.param({"group_by": "metrics.loss"}, 400, id="by a metric"),
            pytest.param({"group_by": "seed", "sort": "name"}, 400, id="sorted by what they need not agree on"),
            pytest.param({"group_by": "all_but:seed", "sort": "config.seed"}, 400, id="sorted by what was left out"),
            pytest.param({"group_by": "seed", "sort": "n,n,n,n,n,n"}, 400, id="sorted by too much"),
            pytest.param({"group_by": "seed", "fields": "name"}, 422, id="with fields that are no metrics"),
        ],
    )
    def test_refuse(self, sqlite_api, query, status) -> None:
        assert sqlite_api.admin.get("/api/v1/runs", params=query).status_code == status

    @pytest.mark.parametrize(
        ("sort", "first"),
        [
            pytest.param("n", [0.2, 0.1], id="by how many runs they have"),
            pytest.param("-n,config.optimizer.lr", [0.1, 0.2], id="down"),
            pytest.param("-metrics.loss", [0.2, 0.1], id="by the mean of a metric"),
            pytest.param("metrics.loss.min", [0.1, 0.2], id="by its least"),
            pytest.param("-config.optimizer.lr", [0.2, 0.1], id="by a key"),
            pytest.param("metrics.other,-n", [0.1, 0.2], id="those without a finite value by the next key"),
        ],
    )
    def test_come_sorted_by_pages(self, api, project, seeds, sort, first) -> None:
        query = {"project": project, "group_by": "all_but:seed", "sort": sort, "limit": 1, "total": "true"}
        filtered = query | {"filter": "not (config.optimizer.lr = 0.2 and config.seed = 1)"}

        page = api.admin.get("/api/v1/runs", params=filtered).json()
        rest = api.admin.get("/api/v1/runs", params={**filtered, "cursor": page["next_cursor"]}).json()

        assert [each["items"][0]["key"]["config.optimizer.lr"] for each in (page, rest)] == first
        assert (page["total"], rest["next_cursor"]) == (2, None)
        assert api.admin.get("/api/v1/runs", params={**query, "sort": "", "cursor": page["next_cursor"]}).status_code == 400

    def test_bear_the_largest_values(self, api, project) -> None:
        for value in (1.7e308, 1.7e308, -1.7e308):
            run = api.client_run(project)
            api.admin.post(f"/api/v1/runs/{run['id']}/points", json={"steps": [0], "metrics": {"loss": [value]}})

        answer = api.admin.get("/api/v1/runs", params={"project": project, "group_by": "origin"})

        assert answer.json()["items"][0]["metrics"]["loss"]["mean"] == pytest.approx(1.7e308 / 3)

    def test_show_the_metrics_named(self, api, project, seeds) -> None:
        query = {"project": project, "group_by": "origin", "fields": "metrics.none"}

        assert api.admin.get("/api/v1/runs", params=query).json()["items"][0]["metrics"] == {}
