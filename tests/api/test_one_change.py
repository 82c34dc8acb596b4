"""One change an experiment: what a project has refused, or flagged."""

from typing import Any

import pytest
from effort import examples
from factors import FREE, MANY, SINGLE_CHANGES, a_config, factor_of, put, put_both
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from studied import asked

from analysis.diff import changed_factors

DIGITS: dict[str, Any] = {"dataset": {"name": "digits"}, "total_iterations": 20}
TWO: dict[str, Any] = {"model": {"norm": {"kind": "batch"}}, "batch_size": 32}
VARIANT: dict[str, Any] = {"name": "both", "set": {"model.norm.kind": "batch", "batch_size": 32}}
WORDS = "changes 2 factors at once (model.norm, batch_size), so which of them made a difference cannot be told."


def flag(api: Any, project: str, what: str = "flag") -> None:
    assert api.admin.put(f"/api/v1/projects/{project}/changes", json={"many_changes": what}).json() == {"many_changes": what}


def submit(api: Any, project: str, query: str = "", **fields: Any) -> Any:
    return api.admin.post(f"/api/v1/runs{query}", json={"project": project, "config": {**DIGITS, **TWO}, **fields})


class TestAProject:
    def test_refuses_what_changes_two_factors_until_it_says_otherwise(self, api: Any, project: str) -> None:
        base = api.submit(project)["id"]
        in_force = api.admin.get(f"/api/v1/projects/{project}/changes").json()

        refused = submit(api, project, baseline=base)
        flag(api, project)
        taken = submit(api, project, baseline=base)

        assert in_force == {"many_changes": "refuse"}
        assert (refused.status_code, refused.json()["type"], refused.json()["factors"]) == (422, "too-many-changes", ["model.norm", "batch_size"])
        assert (taken.status_code, taken.json()["factors"]) == (202, ["model.norm", "batch_size"])
        assert taken.json()["warnings"] == [f"It {WORDS}"]

    def test_keeps_the_flag_with_the_run_and_shows_its_factors_in_the_list(self, api: Any, project: str) -> None:
        base = api.submit(project)["id"]
        flag(api, project)
        run = submit(api, project, baseline=base).json()["id"]
        flag(api, project, "refuse")

        shown = api.admin.get(f"/api/v1/runs/{run}").json()
        listed = {item["id"]: item for item in api.admin.get("/api/v1/runs", params={"project": project}).json()["items"]}

        assert shown["warnings"] == [f"It {WORDS}"]
        assert listed[run]["factors"] == shown["factors"] == ["model.norm", "batch_size"]
        assert (listed[base]["factors"], api.admin.get(f"/api/v1/runs/{base}").json()["warnings"]) == ([], [])

    def test_that_refuses_flags_what_is_said_to_be_meant(self, sqlite_api: Any, project: str) -> None:
        base = sqlite_api.submit(project)["id"]

        run = submit(sqlite_api, project, baseline=base, allow_many_changes=True).json()

        assert run["warnings"] == [f"It {WORDS}"]

    def test_says_in_a_dry_run_what_it_would_do(self, sqlite_api: Any, project: str) -> None:
        base = sqlite_api.submit(project)["id"]

        would_refuse = submit(sqlite_api, project, "?dry_run=true", baseline=base).json()["warnings"]
        flag(sqlite_api, project)
        would_flag = submit(sqlite_api, project, "?dry_run=true", baseline=base).json()["warnings"]

        assert "say allow_many_changes" in would_refuse[0]
        assert would_flag == [f"It {WORDS}"]

    def test_has_the_changes_of_its_studies_refused_or_flagged_too(self, sqlite_api: Any, project: str) -> None:
        refused = sqlite_api.admin.post("/api/v1/studies", json=asked(project, changes=[VARIANT]))
        flag(sqlite_api, project)
        study = sqlite_api.admin.post("/api/v1/studies", json=asked(project, changes=[VARIANT])).json()
        more = {"changes": [{"name": "again", "set": {"model.norm.kind": "layer", "batch_size": 32}}]}
        grown = sqlite_api.admin.post(f"/api/v1/studies/{study['id']}/changes", json=more).json()
        flag(sqlite_api, project, "refuse")
        more["changes"][0]["name"] = "once more"
        late = sqlite_api.admin.post(f"/api/v1/studies/{study['id']}/changes", json=more)

        assert (refused.status_code, refused.json()["type"]) == (422, "too-many-changes")
        assert f'"both" {WORDS}' in study["warnings"]
        assert f'"again" {WORDS}' in grown["warnings"]
        assert (late.status_code, late.json()["type"]) == (422, "too-many-changes")

    def test_is_made_by_the_setting_which_viewers_see_and_members_set(self, sqlite_api: Any, project: str) -> None:
        address = f"/api/v1/projects/{project}/changes"
        viewer = sqlite_api.as_role("viewer")

        before, forbidden = viewer.get(address).status_code, viewer.put(address, json={"many_changes": "flag"}).status_code
        made = sqlite_api.as_role("member").put(address, json={"many_changes": "flag"})

        assert (before, forbidden, made.status_code) == (404, 403, 200)
        assert viewer.get(address).json() == {"many_changes": "flag"}

    @pytest.mark.parametrize("body", [{}, {"many_changes": "allow"}, {"many_changes": None}, {"many_changes": "flag", "x": 1}])
    def test_takes_nothing_else(self, sqlite_api: Any, project: str, body: dict[str, Any]) -> None:
        assert sqlite_api.admin.put(f"/api/v1/projects/{project}/changes", json=body).status_code == 422


@pytest.fixture(scope="module")
def base(sqlite_api: Any) -> str:
    return str(sqlite_api.admin.post("/api/v1/runs", json={"project": "ways/all", "config": a_config().model_dump(mode="json")}).json()["id"])


# The whole schema is drawn from in tests/analysis/test_diff.py; here, that the service goes by it.
TRIED = settings(max_examples=examples(20, 1000), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class TestTheService:
    @TRIED
    @given(data=st.data())
    def test_refuses_every_way_of_changing_two_factors(self, sqlite_api: Any, base: str, data: st.DataObject) -> None:
        one, other = data.draw(st.sampled_from(MANY))
        first, second = data.draw(SINGLE_CHANGES[one]), data.draw(SINGLE_CHANGES[other])
        try:
            singles, config = [put(one, first), put(other, second)], put_both(one, first, other, second)
        except ValidationError:
            assume(False)
        assume(all(changed_factors(a_config(), single) for single in singles))

        answer = sqlite_api.admin.post("/api/v1/runs", json={"project": "ways/all", "baseline": base, "config": config.model_dump(mode="json")})

        assert (answer.status_code, answer.json()["type"]) == (422, "too-many-changes")
        assert set(answer.json()["factors"]) == {factor_of(one), factor_of(other)}

    @TRIED
    @given(data=st.data())
    def test_accepts_every_way_of_changing_one(self, sqlite_api: Any, base: str, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(set(SINGLE_CHANGES) - set(FREE))))
        try:
            config = put(path, data.draw(SINGLE_CHANGES[path]))
        except ValidationError:
            assume(False)
        assume(changed_factors(a_config(), config))

        answer = sqlite_api.admin.post("/api/v1/runs", json={"project": "ways/all", "baseline": base, "config": config.model_dump(mode="json")})

        assert (answer.status_code, answer.json().get("factors"), answer.json().get("warnings")) == (202, [factor_of(path)], [])
