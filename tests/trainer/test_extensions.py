"""The example package, built, installed beside a checkout and trained; and packages whose doors do not open."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_package import RINGS, install_into, python

Ask = Callable[..., Any]
QUIET, LOUD = ({"name": "rings", "options": {"noise": noise}} for noise in (0.0, 0.5))
TRAINED: dict[str, dict[str, Any]] = {
    "rings": RINGS,
    "quiet": {**RINGS, "dataset": QUIET, "total_iterations": 1},
    "loud": {**RINGS, "dataset": LOUD, "total_iterations": 1},
    "watched": {**RINGS, "diagnostics": {}, "total_iterations": 1},
    "plain": {"dataset": {"name": "digits"}, "device": "cpu", "total_iterations": 1},
    "bad": {"dataset": {"name": "digits"}, "model": {"kind": "bad"}},
}
TRAIN = """
import json, sys, tempfile
from pathlib import Path
from trainer.config import RunConfig
from trainer.events import encode
from trainer.job import run
for name, config in json.loads(sys.argv[1]).items():
    with tempfile.TemporaryDirectory() as folder:
        run(RunConfig.model_validate(config), Path(folder), lambda event: print(name, encode(event)))
"""
BAD_NETWORK = "class C(NetworkConfig):\n    kind: Literal['bad'] = 'bad'\nDOOR = ModelDoor(C, 'bad_package:build', '')"


def bad_package(site: Path, body: str) -> Path:
    """A folder with an installed package whose door says that."""
    info = site / "bad_package-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad-package\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text("[runtwice.models]\nbad = bad_package:DOOR\n")
    (site / "bad_package.py").write_text(f"from typing import Literal\nfrom trainer.door import *\n{body}\n")
    return site


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the example was installed into, without an index."""
    return install_into(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def trained(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The last event of each kind of each run of TRAINED, and its last val/accuracy."""
    site = bad_package(tmp_path_factory.mktemp("bad") / "site", BAD_NETWORK)
    found: dict[str, dict[str, Any]] = {name: {} for name in TRAINED}
    for line in python("-c", TRAIN, json.dumps(TRAINED), beside=(installed, site)).stdout.splitlines():
        name, _, event = line.partition(" ")
        said = json.loads(event)
        found[name][said["event"]] = said
    return found


@pytest.fixture(scope="module")
def ask(installed: Path) -> Ask:
    """ask("code") is what that code prints as JSON, in a process that has the example."""

    def ask(code: str, *beside: Path) -> Any:
        return json.loads(python("-c", f"import json, sys\n{code}", beside=beside or (installed,)).stdout)

    return ask


class TestTheExample:
    def test_is_trained_and_gives_the_same_bits_in_a_fresh_process(self, installed: Path, trained: Any, tmp_path: Path) -> None:
        file = tmp_path / "rings.json"
        file.write_text(json.dumps(RINGS))

        again = [json.loads(line) for line in python("-m", "trainer", file, "--out", tmp_path, beside=(installed,)).stdout.splitlines()]

        rings = trained["rings"]
        assert rings["ended"]["state"] == "finished"
        assert rings["points"]["metrics"]["val/accuracy"][-1] > 0.9
        assert again[0]["digests"] == rings["started"]["digests"]
        assert again[-1]["digests"] == rings["ended"]["digests"]

    def test_leaves_a_record_of_whose_code_it_was(self, trained: Any) -> None:
        ours, plain = trained["rings"]["started"], trained["plain"]["started"]

        both = ours["environment"]["extensions"]
        assert set(both) == {"model maxout", "dataset rings"}
        assert (both["model maxout"]["package"], both["model maxout"]["version"]) == ("runtwice-example", "1.0.0")
        assert len(both["model maxout"]["code"]) == 64
        assert "extensions" not in plain["environment"]
        assert plain["digests"]["code"] == ours["digests"]["code"]

    def test_code_that_changes_has_another_digest(self, installed: Path, ask: Ask, tmp_path: Path) -> None:
        changed = tmp_path / "site"
        shutil.copytree(installed, changed)
        with (changed / "runtwice_example" / "rings.py").open("a") as file:
            file.write("\n# another line\n")
        sources = "from trainer import extensions\nprint(json.dumps({n: len(c) for n, c in extensions.source_files('runtwice_example.network')}))"

        before, after = ask(sources, installed), ask(sources, changed)

        assert set(before) == {f"runtwice_example/{name}.py" for name in ("__init__", "door", "network", "rings")}
        assert [name for name in before if before[name] != after[name]] == ["runtwice_example/rings.py"]

    def test_options_are_part_of_the_data_and_of_the_config(self, trained: Any, ask: Ask) -> None:
        assert trained["quiet"]["started"]["digests"]["data"] != trained["loud"]["started"]["digests"]["data"]
        digests = ask(
            "from trainer.config import RunConfig\n"
            "print(json.dumps([RunConfig.model_validate({'dataset': each}).digest() for each in ("
            "{'name': 'rings'}, {'name': 'rings', 'options': {'noise': 0.1}}, {'name': 'rings', 'options': {'noise': 0.2}})]))"
        )
        assert digests[0] == digests[1] != digests[2]

    def test_tells_of_its_layers_like_any_network(self, trained: Any) -> None:
        assert [row["layer"] for row in trained["watched"]["snapshot"]["layers"]["activation"]] == ["0.linear", "1"]


class TestTheConfig:
    def test_knows_its_fields_everywhere_and_loads_no_torch(self, ask: Ask) -> None:
        schema, loaded, factors = ask(
            "from trainer.config import FACTORS, RunConfig\n"
            "paths = next(each.paths for each in FACTORS if each.name == 'model')\n"
            "print(json.dumps([RunConfig.model_json_schema(), 'torch' in sys.modules, paths]))"
        )

        assert schema["$defs"]["Maxout"]["properties"]["pieces"]["maximum"] == 16
        assert schema["properties"]["model"]["discriminator"]["mapping"]["maxout"] == "#/$defs/Maxout"
        options = schema["$defs"]["Dataset"]["properties"]["options"]["anyOf"]
        assert [each.get("title") for each in options] == ["rings", None]
        assert not loaded
        assert "model.pieces" in factors

    @pytest.mark.parametrize(
        ("config", "said"),
        [
            ({"model": {"kind": "maxout", "pieces": 1}}, "/model/pieces: takes a whole number of at least 2 and at most 16; got 1"),
            ({"model": {"kind": "maxout", "hidden": [3]}}, "/model/hidden: unknown field; known here: kind, width, pieces"),
            ({"dataset": {"name": "rings", "options": {"noise": 2}}}, "/dataset/options/noise: takes a finite number of at least 0 and at most 1"),
            ({"dataset": {"name": "digits", "options": {}}}, '/dataset/options: takes null: "digits" has no options; got an object'),
        ],
    )
    def test_is_refused_in_the_usual_words(self, installed: Path, tmp_path: Path, config: dict[str, Any], said: str) -> None:
        assert said in self.refusal(tmp_path, config, installed)

    def test_that_needs_a_package_which_is_not_there_names_what_there_is(self, tmp_path: Path) -> None:
        said = self.refusal(tmp_path, {})

        assert '/model/kind: takes "mlp", "cnn" or "resnet"; got "maxout"' in said
        assert '/dataset/name: takes a data set, one of "digits" or "mnist5k"; got "rings"' in said

    def refusal(self, folder: Path, config: dict[str, Any], *beside: Path) -> str:
        file = folder / "config.json"
        file.write_text(json.dumps({**RINGS, **config}))
        return python("-m", "trainer", file, beside=beside, okay=False).stderr

    def test_too_large_for_the_memory_is_known_beforehand(self, ask: Ask) -> None:
        megabytes = ask(
            "from trainer.config import RunConfig\nfrom trainer.memory import estimate_memory_bytes\n"
            "config = {'dataset': {'name': 'mnist5k'}, 'model': {'kind': 'maxout', 'width': 4096, 'pieces': 16}}\n"
            "print(json.dumps(estimate_memory_bytes(RunConfig.model_validate(config)) // 1_000_000))"
        )

        assert 1000 < megabytes < 2000


CLASS = "class C(NetworkConfig):\n    kind: Literal['{kind}'] = '{kind}'\nDOOR = ModelDoor(C, '{build}', '')"
BROKEN: list[Any] = [
    pytest.param("raise OSError('no licence')", "OSError: no licence", id="fails when it is imported"),
    pytest.param("import sys\nsys.modules['torch'] = sys\nDOOR = None", "its door loads torch", id="loads torch"),
    pytest.param("DOOR = 5", "the entry must be a ModelDoor, not a int", id="is no door"),
    pytest.param("", "has no attribute 'DOOR'", id="names nothing"),
    pytest.param("DOOR = ModelDoor(int, 'm:f', '')", "derived from NetworkConfig", id="has no config"),
    pytest.param(CLASS.format(kind="other", build="m:f"), 'kind: Literal["bad"]', id="is of another kind"),
    pytest.param(CLASS.format(kind="bad", build="m"), '"module:function"', id="names no function"),
]


class TestABrokenPackage:
    @pytest.mark.parametrize(("body", "words"), BROKEN)
    def test_is_told_of_and_harms_nobody(self, ask: Ask, tmp_path: Path, body: str, words: str) -> None:
        broken, digest = ask(
            "from trainer import extensions\nfrom trainer.config import RunConfig\n"
            "broken = [vars(each) for each in extensions.BROKEN]\n"
            "print(json.dumps([broken, RunConfig.model_validate({'dataset': {'name': 'digits'}}).digest()]))",
            bad_package(tmp_path / "site", body),
        )

        (only,) = broken
        assert (only["what"], only["name"], only["package"]) == ("model", "bad", "bad-package")
        assert words in only["reason"]
        assert len(digest) == 64

    def test_is_named_by_doctor(self, tmp_path: Path) -> None:
        site = bad_package(tmp_path / "site", "raise OSError('no licence')")

        done = python("-m", "cli", "doctor", "--json", beside=(site,), okay=False)

        (check,) = [item for item in json.loads(done.stdout)["items"] if item["what"] == "Extensions"]
        assert check["status"] == "warn"
        assert "model bad of bad-package: OSError: no licence" in check["found"]

    def test_whose_network_does_not_build_fails_the_run_with_its_name(self, trained: Any) -> None:
        ended = trained["bad"]["ended"]

        assert ended["state"] == "failed"
        assert "bad_package:build of the package bad-package, which brings the model bad, cannot be loaded" in ended["reason"]
