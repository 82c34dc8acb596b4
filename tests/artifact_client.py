"""Speaks of artifacts as the wandb SDK does, and lets a test say anything."""

import base64
import hashlib
import json
from typing import Any

import httpx
from servers import NO_TLS
from service import Service

from store import keys

CREATE = """mutation($input: CreateArtifactInput!) { createArtifact(input: $input) { artifact { id state artifactSequence { id name } } } }"""
FILES = """mutation($input: CreateArtifactFilesInput!) {
  createArtifactFiles(input: $input) { files { edges { node { name uploadUrl uploadMultipartUrls storagePath } } } } }"""
MANIFEST = """mutation($input: CreateArtifactManifestInput!) {
  createArtifactManifest(input: $input) { artifactManifest { id file { uploadUrl } } } }"""
COMMIT = """mutation($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { id digest } } }"""
SHOW = """query($id: ID!) { artifact(id: $id) {
  state versionIndex size fileCount metadata tags { name } files { edges { node { name sizeBytes directUrl md5 } } } } }"""


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


class Client:
    """Speaks the protocol as the SDK does, and lets one say anything."""

    def __init__(self, service: Service, role: str = "member", entity: str = "attacked") -> None:
        with service.database.begin() as session:
            _, key = keys.mint(session, f"{role} of {entity}", role, entity)
        self.entity, self.url = entity, f"http://127.0.0.1:{service.port}"
        self._client = httpx.Client(base_url=self.url, auth=("api", key), timeout=60.0, verify=NO_TLS)
        self.keyless = httpx.Client(timeout=60.0, verify=NO_TLS)

    def close(self) -> None:
        self._client.close()
        self.keyless.close()

    def get(self, path: str) -> httpx.Response:
        return self._client.get(path)

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = self._client.post("/graphql", json={"query": query, "variables": variables})
        if answer.status_code == 400:  # such as for a NUL, which no body may have
            return {"errors": [{"message": answer.json()["detail"]}]}
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def data(self, query: str, **variables: Any) -> Any:
        found = self.ask(query, **variables)
        assert "errors" not in found, found
        return found["data"]

    def refused(self, query: str, **variables: Any) -> str:
        found = self.ask(query, **variables)
        assert "errors" in found, found
        return str(found["errors"][0]["message"])

    def create(self, name: str = "net", **more: Any) -> dict[str, Any]:
        base = {"entityName": self.entity, "projectName": "p", "artifactTypeName": "model", "artifactCollectionName": name, "digest": "d"}
        return {**base, **more}

    def draft(self, name: str = "net", **more: Any) -> str:
        return str(self.data(CREATE, input=self.create(name, **more))["createArtifact"]["artifact"]["id"])

    def file(self, draft: str, name: str, content: bytes, **more: Any) -> dict[str, Any]:
        given = {"artifactFiles": [{"artifactID": draft, "name": name, "md5": md5(content), **more}]}
        found: dict[str, Any] = self.data(FILES, input=given)["createArtifactFiles"]["files"]["edges"][0]["node"]
        return found

    def put(self, address: str, content: bytes) -> int:
        return self.keyless.put(address, content=content).status_code

    def manifest_address(self, draft: str, **more: Any) -> str:
        found = self.data(MANIFEST, input={"artifactID": draft, "name": "m", "digest": "", **more})
        return str(found["createArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"])

    def manifest(self, draft: str, contents: dict[str, Any]) -> None:
        assert self.put(self.manifest_address(draft), json.dumps({"version": 1, "contents": contents}).encode()) == 200

    def committed(self, name: str, contents: dict[str, bytes]) -> str:
        draft = self.draft(name)
        for file, content in contents.items():
            node = self.file(draft, file, content)
            assert node["uploadUrl"] is None or self.put(node["uploadUrl"], content) == 200
        self.manifest(draft, {file: {"digest": md5(content), "size": len(content)} for file, content in contents.items()})
        self.data(COMMIT, id=draft)
        return draft
