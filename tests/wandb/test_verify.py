"""The SDK through TLS that is put in front, and `wandb verify --host`, its own check of a server, with it and over plain http."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from authority import Authority
from proxy import Proxy
from sdk import Sdk
from servers import NO_TLS, Valkey
from service import Service

ITEM = re.compile(r"^(Checking [^.]+?)\.+(\S)", re.MULTILINE)
GOOD = "\u2705"
ITEMS = [
    "Checking if logged in",
    "Checking signed URL upload",
    "Checking ability to send large payloads through proxy",
    "Checking requests to base url",
    "Checking requests made over signed URLs",
    "Checking CORs configuration of the bucket",
    "Checking wandb package version is up to date",
    "Checking logged metrics, saving and downloading a file",
    "Checking artifact save and download workflows",
    "Checking sweep creation and agent execution",
]
NEED_HTTPS = {"Checking requests to base url", "Checking requests made over signed URLs"}
LONGEST_S = 280
# The command itself, but for its agent's pause of five seconds between two questions, of which it has ten.
AT_A_RUN = "from wandb.agents import pyagent; pyagent.Agent.HEARTBEAT_SLEEP_SECONDS = 0.2; from wandb.cli.cli import cli; cli()"


LOGS = """
import json, wandb
with wandb.init(project="secured", id="behind01") as run:
    run.log({"loss": 1})
    made = wandb.Artifact("set", type="dataset")
    with made.new_file("a.txt") as file:
        file.write("one")
    run.log_artifact(made).wait()
seen = wandb.Api().run("secured/behind01")
with open(wandb.Api().artifact("secured/set:latest").download() + "/a.txt") as file:
    text = file.read()
with seen.file("config.yaml").download() as file:
    config = file.read()
print(json.dumps([[row["loss"] for row in seen.scan_history()], text, "wandb" in config, seen.file("config.yaml").direct_url]))
"""


def verify(sdk: Sdk, *python: str, **environment: str) -> dict[str, str]:
    """What it says of each item; the command must have ended well."""
    command = [sys.executable, *python, "verify", "--host", sdk.url]
    done = subprocess.run(command, cwd=sdk.folder, env=sdk.environment(**environment), capture_output=True, text=True, timeout=LONGEST_S)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return dict(ITEM.findall(done.stdout))


@pytest.fixture
def secured(tmp_path: Path, valkey: Valkey) -> Iterator[tuple[Sdk, Authority]]:
    """An SDK that reaches the service through a proxy that speaks TLS, and who signed its certificate."""
    authority = Authority(tmp_path)
    service = Service(tmp_path / "service", f"sqlite:///{tmp_path / 'runtwice.db'}", valkey)
    proxy = Proxy(service.port, authority.tls("127.0.0.1"))
    service.env["RUNTWICE_PUBLIC_URL"] = proxy.url
    service.start_api()
    (tmp_path / "sdk").mkdir()
    yield Sdk(tmp_path / "sdk", proxy.url, service.key), authority
    proxy.close()
    service.stop()


def trusts(authority: Authority) -> dict[str, str]:
    """What the SDK's process in Go and what it does in Python read."""
    return {"SSL_CERT_FILE": str(authority.certificate), "REQUESTS_CA_BUNDLE": str(authority.certificate)}


class TestTls:
    def test_put_in_front_reaches_as_far_as_the_addresses_of_files(self, secured: tuple[Sdk, Authority]) -> None:
        sdk, authority = secured

        rows, text, has_config, address = sdk.run(LOGS, **trusts(authority))

        assert (rows, text, has_config) == ([1], "one", True)
        assert address.startswith(sdk.url)
        assert sdk.url.startswith("https://")


@pytest.mark.proof
class TestVerify:
    @pytest.mark.timeout(300)
    def test_passes_every_item_behind_tls(self, secured: tuple[Sdk, Authority]) -> None:
        sdk, authority = secured

        told = verify(sdk, "-c", AT_A_RUN, **trusts(authority))

        assert list(told) == ITEMS
        assert {item for item, mark in told.items() if mark != GOOD} == set()

    def test_passes_over_plain_http_all_that_needs_no_https(self, wandb_service: Service, sdk: Sdk) -> None:
        told = verify(sdk, "-m", "wandb")

        assert list(told) == ITEMS
        assert {item for item, mark in told.items() if mark != GOOD} == NEED_HTTPS


class TestOtherSites:
    @pytest.mark.parametrize(
        ("origin", "allowed"),
        [
            pytest.param("OWN", True, id="the service's own page"),
            pytest.param("https://elsewhere.example", False, id="another site"),
            pytest.param("null", False, id="a page without an origin"),
        ],
    )
    def test_are_not_let_at_signed_addresses(self, wandb_service: Service, origin: str, allowed: bool) -> None:
        own = f"http://127.0.0.1:{wandb_service.port}"
        asks = {"Origin": own if origin == "OWN" else origin, "Access-Control-Request-Method": "PUT"}

        answer = httpx.options(f"{own}/storage/files/anything", headers=asks, verify=NO_TLS)

        assert answer.status_code == 204
        assert answer.headers.get("access-control-allow-origin") == (own if allowed else None)
        assert "access-control-allow-credentials" not in answer.headers
