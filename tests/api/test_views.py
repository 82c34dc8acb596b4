"""Saved views: private unless shared, changed by their owner."""

from typing import Any

import pytest

from store.views import MOST_OF_A_KEY

VIEW = {"name": "best first", "query": "sort=-metrics.%22val%2Floss%22.min"}


@pytest.fixture
def made(api: Any, project: str) -> str:
    """A project, as its views are addressed."""
    assert api.admin.post("/api/v1/projects", json={"project": project}).status_code == 201
    return f"/api/v1/projects/{project}/views"


def save(client: Any, path: str, **fields: Any) -> dict[str, Any]:
    answer = client.post(path, json={**VIEW, **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def names(client: Any, path: str, **asked: Any) -> list[str]:
    return [view["name"] for view in client.get(path, params=asked).json()["items"]]


class TestViews:
    def test_is_listed_as_it_was_saved(self, api: Any, made: str) -> None:
        ann = api.as_role("member")

        view = save(ann, made, shared=True)

        assert ann.get(made).json() == {"items": [view], "next_cursor": None}
        assert view == {**view, **VIEW, "shared": True, "mine": True, "owner": "member"}
        assert api.as_role("viewer").get(made).json()["items"] == [{**view, "mine": False}]

    def test_is_its_owners_alone_unless_shared(self, api: Any, made: str) -> None:
        ann, bob = api.as_role("member"), api.as_role("member")
        view = save(ann, made)

        found = [names(bob, made), names(api.admin, made), names(ann, made)]

        assert found == [[], [], ["best first"]]
        for other in (bob, api.admin):
            assert other.patch(f"/api/v1/views/{view['id']}", json={"name": "mine"}).status_code == 404
            assert other.delete(f"/api/v1/views/{view['id']}").status_code == 404

    def test_is_changed_by_its_owner_or_an_admin(self, api: Any, made: str) -> None:
        ann, bob = api.as_role("member"), api.as_role("member")
        path = f"/api/v1/views/{save(ann, made, shared=True)['id']}"

        refused = [bob.patch(path, json={"name": "mine"}), bob.delete(path)]
        changed = [ann.patch(path, json={"query": "sort=name"}).json(), api.admin.patch(path, json={"name": "by name"}).json()]

        assert [answer.status_code for answer in refused] == [403, 403]
        assert "'member''s" in refused[0].json()["detail"]
        assert (changed[1]["name"], changed[1]["query"], changed[1]["shared"]) == ("by name", "sort=name", True)
        assert changed[1]["updated_at"] >= changed[0]["updated_at"] > changed[0]["created_at"]

    def test_is_gone_when_it_was_deleted(self, api: Any, made: str) -> None:
        path = f"/api/v1/views/{save(api.admin, made)['id']}"

        assert [api.admin.delete(path).status_code for _ in range(2)] == [204, 404]
        assert names(api.admin, made) == []

    def test_are_listed_by_name_page_by_page(self, api: Any, made: str) -> None:
        ann = api.as_role("member")
        for name in ("c", "a", "B", "a"):
            save(ann, made, name=name)

        first = ann.get(made, params={"limit": 3}).json()

        assert [view["name"] for view in first["items"]] == ["B", "a", "a"]
        assert names(ann, made, limit=3, cursor=first["next_cursor"]) == ["c"]
        assert ann.get(made, params={"cursor": "x"}).status_code == 400

    def test_of_a_key_are_not_endless(self, api: Any, made: str) -> None:
        ann = api.as_role("member")
        for number in range(MOST_OF_A_KEY):
            save(ann, made, name=str(number))

        refused = ann.post(made, json=VIEW)

        assert refused.status_code == 409
        assert "200 views" in refused.json()["detail"]
        save(api.admin, made)

    def test_saved_twice_with_one_key_is_saved_once(self, api: Any, made: str) -> None:
        first, again = (api.admin.post(made, json=VIEW, headers={"Idempotency-Key": "v"}) for _ in range(2))

        assert first.json() == again.json()
        assert len(names(api.admin, made)) == 1

    def test_of_another_entity_is_not_there(self, api: Any, made: str) -> None:
        view = save(api.admin, made, shared=True)
        other = api.as_role("admin", "umbrella")

        found = [other.get(made), other.post(made, json=VIEW), other.delete(f"/api/v1/views/{view['id']}")]

        assert [answer.status_code for answer in found] == [404, 404, 404]

    def test_goes_with_its_project(self, api: Any, made: str) -> None:
        view = save(api.admin, made)

        assert api.admin.delete(made.removesuffix("/views")).status_code == 204
        assert api.admin.delete(f"/api/v1/views/{view['id']}").status_code == 404

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            pytest.param({**VIEW, "query": "x" * 8001}, "/query", id="a long query"),
            pytest.param({**VIEW, "query": "a\nb"}, "/query", id="a query of two lines"),
            pytest.param({**VIEW, "name": ""}, "/name", id="no name"),
            pytest.param({**VIEW, "shared": 1}, "/shared", id="a number for a choice"),
            pytest.param({**VIEW, "owner": "me"}, "/owner", id="a field that is not given"),
        ],
    )
    def test_what_is_wrong_is_named(self, api: Any, made: str, body: dict[str, Any], pointer: str) -> None:
        answer = api.admin.post(made, json=body)

        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
