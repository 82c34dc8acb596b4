"""What is refused of artifacts at the level of the protocol: addresses, names, digests, sizes, other people's ids, keys that may only read."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from artifact_client import COMMIT, CREATE, FILES, MANIFEST, SHOW, Client, md5
from service import Service

from api.wandb import links


@pytest.fixture(scope="module")
def client(wandb_service: Service) -> Iterator[Client]:
    made = Client(wandb_service)
    yield made
    made.close()


@pytest.fixture(scope="module")
def viewer(wandb_service: Service) -> Iterator[Client]:
    made = Client(wandb_service, "viewer")
    yield made
    made.close()


@pytest.fixture(scope="module")
def stranger(wandb_service: Service) -> Iterator[Client]:
    made = Client(wandb_service, "admin", "strangers")
    yield made
    made.close()


class TestAddresses:
    def test_are_good_for_one_file_and_one_act(self, client: Client) -> None:
        draft = client.draft()
        address = client.file(draft, "a.bin", b"abc")["uploadUrl"]
        path, query = address.split("?")
        others = {
            "another file": f"{path.replace('a.bin', 'b.bin')}?{query}",
            "the manifest": f"{path.replace('f/a.bin', 'm')}?{query}",
            "a way up": f"{path.replace('f/a.bin', 'f/../m')}?{query}",
            "an escaped way up": f"{path.replace('f/a.bin', 'f/%2e%2e/m')}?{query}",
            "a later end": f"{path}?{query.replace('until=', 'until=9')}",
            "another signature": address[:-4] + ("0000" if not address.endswith("0000") else "1111"),
            "no signature": f"{path}?until=99999999999",
            "none at all": path,
        }

        answers = {what: client.put(other, b"abc") for what, other in others.items()}

        assert {what: status for what, status in answers.items() if status not in (403, 404, 422)} == {}
        assert client.keyless.get(address).status_code == 403
        assert client.put(address, b"abc") == 200

    def test_end_after_a_day(self, client: Client, wandb_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        from api.parts import Parts
        from store.settings import Settings

        draft = client.draft()
        client.file(draft, "late.bin", b"abc")
        version_id = base64.b64decode(draft).decode().partition(":")[2]
        settings = Settings(_env_file=None, data_dir=wandb_service.folder, database_url=str(wandb_service.database.engine.url))
        parts = Parts.of(settings)
        monkeypatch.setattr(links.time, "time", lambda: 1_700_000_000.0)
        old = links.to_put_version(parts, client.url, version_id, "f/late.bin")
        monkeypatch.undo()

        answer = client.keyless.put(old, content=b"abc")

        assert (answer.status_code, "which is over" in answer.text) == (403, True)
        assert client.put(links.to_put_version(parts, client.url, version_id, "f/late.bin"), b"abc") == 200

    def test_take_no_other_bytes_than_were_announced(self, client: Client) -> None:
        draft = client.draft()
        address = client.file(draft, "a.txt", b"announced")["uploadUrl"]

        answer = client.keyless.put(address, content=b"something else")

        assert (answer.status_code, "was to have the MD5" in answer.text) == (409, True)
        assert client.data(SHOW, id=draft)["artifact"]["files"]["edges"] == []

    def test_take_nothing_after_the_commit(self, client: Client) -> None:
        draft = client.draft("closed")
        address, manifest = client.file(draft, "a.txt", b"once")["uploadUrl"], client.manifest_address(draft)
        assert client.put(address, b"once") == 200
        client.manifest(draft, {"a.txt": {"digest": md5(b"once"), "size": 4}})
        client.data(COMMIT, id=draft)

        assert (client.put(address, b"once"), client.put(manifest, b'{"contents": {}}')) == (409, 409)
        assert client.data(SHOW, id=draft)["artifact"]["fileCount"] == 1

    def test_of_downloads_come_as_attachments_and_in_ranges(self, client: Client) -> None:
        draft = client.committed("served", {"page.html": b"<script>alert(1)</script>"})
        address = client.data(SHOW, id=draft)["artifact"]["files"]["edges"][0]["node"]["directUrl"]

        answer = client.keyless.get(address, headers={"Range": "bytes=1-6"})

        assert (answer.status_code, answer.content) == (206, b"script")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"


class TestNames:
    @pytest.mark.parametrize(
        "name", ["../up", "a/../../up", "/abs", "\\abs", "a\\..\\..\\up", "nul\0", "", "x" * 513, "x" * 10_000], ids=lambda name: repr(name[:12])
    )
    def test_that_lead_out_of_the_artifact_or_are_too_long_are_refused(self, client: Client, name: str) -> None:
        draft = client.draft()

        words = client.refused(FILES, input={"artifactFiles": [{"artifactID": draft, "name": name, "md5": md5(b"")}]})
        assert "a file's name takes" in words or "has a NUL" in words
        client.manifest(draft, {name: {"digest": md5(b""), "size": 0}})
        assert "A manifest takes" in client.refused(COMMIT, id=draft)

    @pytest.mark.parametrize("name", ["a/../b", "", "n" * 129, "n\0", "colon:v0", "ünïcode", "new\nline"], ids=lambda name: repr(name[:12]))
    def test_of_collections_that_no_artifact_can_have_are_refused(self, client: Client, name: str) -> None:
        for given in (client.create(name), client.create(artifactTypeName=name)):
            words = client.refused(CREATE, input=given)
            assert "take 1 to 128 letters" in words or "has a NUL" in words

    def test_in_other_letters_and_with_spaces_come_back_as_they_are(self, client: Client) -> None:
        names = {"данные/ein Wort.txt": b"1", "a%2fb": b"2", "q?x=#1": b"3", "emoji \N{PARTY POPPER}": b"4"}
        draft = client.committed("letters", names)

        edges = client.data(SHOW, id=draft)["artifact"]["files"]["edges"]

        assert {edge["node"]["name"]: client.keyless.get(edge["node"]["directUrl"]).content for edge in edges} == names


class TestManifests:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            pytest.param(b"no json", "is not JSON", id="no JSON"),
            pytest.param(b"[1]", "A manifest takes", id="a list"),
            pytest.param(b'{"contents": [1]}', "A manifest takes", id="a list of contents"),
            pytest.param(b'{"contents": {"a": 1}}', "A manifest takes", id="an entry that is a number"),
            pytest.param(b'{"contents": {"a": {"digest": 5}}}', "A manifest takes", id="a digest that is a number"),
            pytest.param(b'{"contents": {"a": {"digest": "x", "size": -1}}}', "A manifest takes", id="less than no bytes"),
            pytest.param(b'{"contents": {"a": {"digest": "x", "size": 1e300}}}', "A manifest takes", id="a size that is no integer"),
            pytest.param(b'{"contents": {"a": {"digest": "x", "size": 9223372036854775807}}}', "A manifest takes", id="more than fits"),
            pytest.param(b'{"contents": {"a": {"digest": "AAAA", "size": 3}}}', "was not uploaded", id="a file that nobody put"),
            pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "is not JSON", id="nested too deep"),
        ],
    )
    def test_that_say_nothing_sensible_are_refused_at_the_commit(self, client: Client, content: bytes, words: str) -> None:
        draft = client.draft()
        assert client.put(client.manifest_address(draft), content) == 200

        assert words in client.refused(COMMIT, id=draft)
        assert client.data(SHOW, id=draft)["artifact"]["state"] == "PENDING"

    def test_with_too_many_files_are_refused(self, client: Client) -> None:
        draft = client.draft()
        client.manifest(draft, {f"f{number}": {"digest": "x", "size": 0} for number in range(100_001)})

        assert "at most 100,000 names" in client.refused(COMMIT, id=draft)

    def test_whose_sizes_are_not_those_of_the_files_are_refused(self, client: Client) -> None:
        draft = client.draft()
        assert client.put(client.file(draft, "a.txt", b"sized")["uploadUrl"] or "", b"sized") == 200
        client.manifest(draft, {"a.txt": {"digest": md5(b"sized"), "size": 5_000_000}})

        assert "5,000,000 bytes" in client.refused(COMMIT, id=draft)

    def test_are_needed(self, client: Client) -> None:
        assert "no manifest yet" in client.refused(COMMIT, id=client.draft())

    def test_that_name_what_another_project_has_are_refused(self, client: Client, stranger: Client) -> None:
        client.committed("secret", {"s.txt": b"a secret"})
        draft = stranger.draft()
        stranger.manifest(draft, {"s.txt": {"digest": md5(b"a secret"), "size": 8}})

        assert "was not uploaded" in stranger.refused(COMMIT, id=draft)
        assert stranger.file(draft, "s.txt", b"a secret")["uploadUrl"] is not None

    def test_keep_references_that_are_never_fetched(self, client: Client) -> None:
        draft = client.draft("refs")
        client.manifest(
            draft, {"r": {"digest": "etag", "ref": "http://169.254.169.254/latest", "size": 7}, "f": {"digest": "x", "ref": "file:///etc/passwd"}}
        )
        client.data(COMMIT, id=draft)

        shown = client.data(SHOW, id=draft)["artifact"]

        addresses = [edge["node"]["directUrl"] for edge in shown["files"]["edges"]]
        assert (shown["fileCount"], addresses) == (2, ["file:///etc/passwd", "http://169.254.169.254/latest"])


class TestWhatIsSaidOfAVersion:
    @pytest.mark.parametrize(
        "more",
        [
            pytest.param({"metadata": "no json"}, id="metadata that is no JSON"),
            pytest.param({"metadata": "[1]"}, id="metadata that is a list"),
            pytest.param({"metadata": '{"a": "' + "x" * 1_000_001 + '"}'}, id="much metadata"),
            pytest.param({"metadata": '{"a":' * 50_000 + "1" + "}" * 50_000}, id="deep metadata"),
            pytest.param({"description": "x" * 100_001}, id="a long description"),
            pytest.param({"description": "nul\0"}, id="NUL in a description"),
            pytest.param({"digest": "nul\0"}, id="NUL in a digest"),
            pytest.param({"digest": "x" * 129}, id="a long digest"),
            pytest.param({"aliases": [{"alias": "a/b"}]}, id="an alias with a slash"),
            pytest.param({"aliases": [{"alias": "x" * 257}]}, id="a long alias"),
            pytest.param({"aliases": [{"alias": f"a{number}"} for number in range(101)]}, id="many aliases"),
            pytest.param({"tags": [{"tagName": "nul\0"}]}, id="NUL in a tag"),
            pytest.param({"tags": [{"tagName": "x" * 129}]}, id="a long tag"),
            pytest.param({"clientID": "x" * 129}, id="a long client id"),
        ],
    )
    def test_is_bounded(self, client: Client, more: dict[str, Any]) -> None:
        client.refused(CREATE, input=client.create("bounded", **more))

    def test_may_hold_nan_and_any_letters(self, client: Client) -> None:
        metadata = '{"nan": NaN, "inf": -Infinity, "half": "\\ud800", "nul": "\\u0000", "deep": {"a": [1, 2.5, null]}}'
        draft = client.draft("told", metadata=metadata)

        found = json.loads(client.data(SHOW, id=draft)["artifact"]["metadata"])

        assert found == {"nan": "NaN", "inf": "-Infinity", "half": "\ud800", "nul": "\0", "deep": {"a": [1, 2.5, None]}}


class TestOtherPeople:
    def test_find_nothing_by_an_id(self, client: Client, stranger: Client) -> None:
        mine = client.committed("mine", {"a.txt": b"mine"})
        draft = client.draft("open")
        asked: list[tuple[str, dict[str, Any]]] = [
            (SHOW, {"id": mine}),
            (COMMIT, {"id": draft}),
            (FILES, {"input": {"artifactFiles": [{"artifactID": draft, "name": "a", "md5": md5(b"")}]}}),
            (MANIFEST, {"input": {"artifactID": draft, "name": "m", "digest": ""}}),
            ("mutation($id: ID!) { deleteArtifact(input: {artifactID: $id, deleteAliases: true}) { artifact { id } } }", {"id": mine}),
            ('mutation($id: ID!) { updateArtifact(input: {artifactID: $id, description: "x"}) { artifact { id } } }', {"id": mine}),
            ('mutation($id: ID!) { addAliases(input: {artifactID: $id, aliases: [{alias: "x"}]}) { success } }', {"id": mine}),
            (
                'mutation($id: ID!) { linkArtifact(input: {artifactID: $id, artifactPortfolioName: "x", projectName: "p"}) { versionIndex } }',
                {"id": mine},
            ),
            (CREATE, {"input": client.create()}),
        ]

        refused = [stranger.refused(query, **variables) for query, variables in asked]

        assert [words for words in refused if "no " not in words.lower() and "not " not in words.lower()] == []
        assert client.data(SHOW, id=mine)["artifact"]["state"] == "COMMITTED"

    def test_do_not_get_a_version_by_what_a_client_called_it(self, client: Client, stranger: Client) -> None:
        mine = client.draft("called", clientID="client-1")
        query = "query($id: ID!) { clientIDMapping(clientID: $id) { serverID } }"

        assert client.data(query, id="client-1") == {"clientIDMapping": {"serverID": mine}}
        assert stranger.data(query, id="client-1") == {"clientIDMapping": None}

    def test_do_not_get_files_by_their_digest(self, client: Client, stranger: Client) -> None:
        client.committed("digested", {"a.txt": b"by digest"})
        path = f"/artifactsV2/default/attacked/p/digested/x/{hashlib.md5(b'by digest', usedforsecurity=False).hexdigest()}/a.txt"

        assert (client.get(path).content, stranger.get(path).status_code) == (b"by digest", 404)

    @pytest.mark.parametrize("bad", ["", "x", "QXJ0aWZhY3Q6", "UnVuOmFiYw==", "QXJ0aWZhY3Q6YQBi", "x" * 10_000], ids=lambda bad: repr(bad[:12]))
    def test_get_a_plain_answer_for_ids_that_were_never_given(self, client: Client, bad: str) -> None:
        assert "There is no artifact" in client.refused(SHOW, id=bad)


class TestViewers:
    def test_read_and_change_nothing(self, client: Client, viewer: Client) -> None:
        mine, draft = client.committed("seen", {"a.txt": b"seen"}), client.draft("begun")
        asked: list[tuple[str, dict[str, Any]]] = [
            (CREATE, {"input": viewer.create()}),
            (COMMIT, {"id": draft}),
            (FILES, {"input": {"artifactFiles": [{"artifactID": draft, "name": "a", "md5": md5(b"")}]}}),
            (MANIFEST, {"input": {"artifactID": draft, "name": "m", "digest": ""}}),
            ("mutation($id: ID!) { deleteArtifact(input: {artifactID: $id, deleteAliases: true}) { artifact { id } } }", {"id": mine}),
            ('mutation($id: ID!) { addAliases(input: {artifactID: $id, aliases: [{alias: "x"}]}) { success } }', {"id": mine}),
            (
                'mutation($id: ID!) { linkArtifact(input: {artifactID: $id, artifactPortfolioName: "x", projectName: "p"}) { versionIndex } }',
                {"id": mine},
            ),
            ('mutation { upsertModel(input: {name: "wandb-registry-x", entityName: "attacked"}) { inserted } }', {}),
        ]

        assert {viewer.refused(query, **variables) for query, variables in asked} == {"This needs the role member; the key's role is viewer."}
        assert client.keyless.get(viewer.data(SHOW, id=mine)["artifact"]["files"]["edges"][0]["node"]["directUrl"]).content == b"seen"


class TestLargeFiles:
    def test_are_put_in_one_piece_even_if_the_client_counted_parts(self, client: Client) -> None:
        """The SDK counts parts from 2 GiB on; without addresses for them it uses the one for the whole."""
        parts = [{"partNumber": 1, "hexMD5": "0" * 32}, {"partNumber": 2, "hexMD5": "1" * 32}]
        content = b"large" * 1_000_000
        draft = client.draft("large")

        node = client.file(draft, "large.bin", content, uploadPartsInput=parts)

        assert (node["uploadMultipartUrls"], client.put(node["uploadUrl"], content)) == (None, 200)
        client.manifest(draft, {"large.bin": {"digest": md5(content), "size": len(content)}})
        client.data(COMMIT, id=draft)
        assert client.data(SHOW, id=draft)["artifact"]["size"] == 5_000_000
