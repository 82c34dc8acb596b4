"""Networks and data sets that other installed packages bring, found by their entry points. No torch in here.

Found once per process, when the first config is looked at. A package whose door does not open is told of in BROKEN and left out;
nothing else is harmed by it.
"""

import functools
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, get_args

from trainer.catalog import DATASETS, DatasetShape
from trainer.door import DatasetDoor, ModelDoor, NetworkConfig, Options

GROUPS = {"runtwice.models": "model", "runtwice.datasets": "dataset"}
BUILT_IN = ("mlp", "cnn", "resnet")
NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class BadDoor(ValueError):
    """What a package gives is not what a door must be."""


@dataclass(frozen=True)
class Extension:
    """A door that opened, and whose it is."""

    what: str  # model or dataset
    name: str
    door: Any
    package: str
    version: str

    @property
    def function(self) -> str:
        return str(self.door.build if self.what == "model" else self.door.load)


@dataclass(frozen=True)
class Broken:
    """One that did not, and why."""

    what: str
    name: str
    package: str
    reason: str


@dataclass
class Found:
    models: dict[str, Extension] = field(default_factory=dict)
    datasets: dict[str, Extension] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    @property
    def every(self) -> list[Extension]:
        return [*self.models.values(), *self.datasets.values()]


def find() -> Found:
    """What is installed here, in the order of names: of two packages that bring the same name, the second one is broken."""
    found = Found()
    for group, what in GROUPS.items():
        for entry in sorted(entry_points(group=group), key=lambda each: (each.name, _package(each))):
            held = found.models if what == "model" else found.datasets
            try:
                door = _opened(entry, what)
                if entry.name in held:
                    raise BadDoor(f"the package {held[entry.name].package} brings a {what} of that name already")
                held[entry.name] = Extension(what, entry.name, door, _package(entry), entry.dist.version if entry.dist else "")
            except (Exception, SystemExit) as error:  # whatever another's module does when it is imported, we go on without it
                found.broken.append(Broken(what, entry.name, _package(entry), f"{type(error).__name__}: {str(error)[:500]}"))
    return found


def _opened(entry: EntryPoint, what: str) -> ModelDoor | DatasetDoor:
    had_torch = "torch" in sys.modules
    door = entry.load()
    if not had_torch and "torch" in sys.modules:
        raise BadDoor("its door loads torch: import it in the module that the door names, which is loaded where a run is trained")
    if not NAME.fullmatch(entry.name):
        raise BadDoor("the entry's name takes 1 to 64 small letters, digits, - and _, a letter first")
    if what == "model":
        return _model_door(entry.name, door)
    return _dataset_door(entry.name, door)


def _model_door(name: str, door: Any) -> ModelDoor:
    if not isinstance(door, ModelDoor):
        raise BadDoor(f"the entry must be a ModelDoor, not a {type(door).__name__}")
    _must_name_a_function(door.build)
    if not (isinstance(door.config, type) and issubclass(door.config, NetworkConfig)):
        raise BadDoor("the config must be a class derived from NetworkConfig")
    kind = door.config.model_fields.get("kind")
    if kind is None or get_args(kind.annotation) != (name,):
        raise BadDoor(f'the config must have the field kind: Literal["{name}"], as the entry is called')
    if name in BUILT_IN:
        raise BadDoor("there is a network of that kind already")
    door.config()
    door.config.model_json_schema()
    return door


def _dataset_door(name: str, door: Any) -> DatasetDoor:
    if not isinstance(door, DatasetDoor):
        raise BadDoor(f"the entry must be a DatasetDoor, not a {type(door).__name__}")
    _must_name_a_function(door.load)
    if door.options is not None:
        if not (isinstance(door.options, type) and issubclass(door.options, Options)):
            raise BadDoor("the options must be a class derived from Options")
        door.options()
        if "$defs" in door.options.model_json_schema():
            raise BadDoor("the options must be plain fields: no objects in them")
    if not isinstance(door.shape, DatasetShape) or door.shape.name != name:
        raise BadDoor(f'the shape must be a DatasetShape of the name "{name}", as the entry is called')
    if name in DATASETS:
        raise BadDoor("there is a data set of that name already")
    sizes = (door.shape.height, door.shape.width, door.shape.channels)
    if door.shape.images < 2 or door.shape.classes < 2 or min(sizes) < 1 or not door.shape.scale > 0:
        raise BadDoor("the shape takes at least 2 images and 2 classes, sizes of at least 1 and a scale above 0")
    return door


def _must_name_a_function(path: Any) -> None:
    if not isinstance(path, str) or not FUNCTION.fullmatch(path):
        raise BadDoor(f'a function is named as "module:function", not as {path!r}')


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value


FOUND = find()
MODELS = FOUND.models
BROKEN = FOUND.broken
DATASETS.update({name: each.door.shape for name, each in FOUND.datasets.items()})


def network_configs() -> tuple[type[NetworkConfig], ...]:
    return tuple(each.door.config for each in MODELS.values())


def network_fields() -> tuple[str, ...]:
    """The names of all fields that networks of other packages have."""
    return tuple(dict.fromkeys(name for config in network_configs() for name in config.model_fields))


def options_of(dataset: str) -> type[Options] | None:
    """What a data set takes under `options`; None for one that takes nothing, ours among them."""
    found = FOUND.datasets.get(dataset)
    return None if found is None else found.door.options


def versions() -> dict[str, str]:
    """What this installation has beside ours: {"model maxout": "my-package 1.0"}."""
    return {f"{each.what} {each.name}": f"{each.package} {each.version}" for each in FOUND.every}


def lacking(config: Mapping[str, Any]) -> list[str]:
    """What a stored config names that is not to be had here, in the words of `versions`; empty when it cannot be that."""
    model, dataset = config.get("model"), config.get("dataset")
    kind = model.get("kind") if isinstance(model, dict) else None
    name = dataset.get("name") if isinstance(dataset, dict) and not dataset.get("content") else None
    lacks = [f"model {kind}"] if isinstance(kind, str) and kind not in (*BUILT_IN, *MODELS) else []
    return lacks + ([f"dataset {name}"] if isinstance(name, str) and name not in DATASETS else [])


def used(model: str, dataset: str) -> Iterator[Extension]:
    """Those that a config of this kind of model and this data set needs."""
    for held, name in ((MODELS, model), (FOUND.datasets, dataset)):
        if name in held:
            yield held[name]


def weights(model: NetworkConfig, shape: DatasetShape) -> int:
    """How many weights such a network will have; 0 where its package does not tell, or fails to."""
    count = MODELS[model.kind].door.weights  # type: ignore[attr-defined]
    try:
        return max(0, int(count(model, shape))) if count else 0
    except Exception:
        return 0


def function(extension: Extension) -> Callable[..., Any]:
    """What does the work, imported now; it may load torch. Raises RuntimeError with the package's name when it cannot be had."""
    module, _, name = extension.function.partition(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except Exception as error:
        what = f"{extension.function} of the package {extension.package}, which brings the {extension.what} {extension.name}"
        raise RuntimeError(f"{what}, cannot be loaded: {type(error).__name__}: {error}") from error
    return found


@functools.cache
def source_files(module: str) -> tuple[tuple[str, bytes], ...]:
    """The Python files of the package that a module belongs to, by name: what a digest of its code is made of."""
    top = module.partition(".")[0]
    spec = importlib.util.find_spec(top)
    if spec is None:
        return ()
    if not spec.submodule_search_locations:
        return ((f"{top}.py", Path(spec.origin).read_bytes()),) if spec.origin else ()
    folders = [Path(each) for each in spec.submodule_search_locations]
    files = [(str(Path(top) / file.relative_to(folder)), file.read_bytes()) for folder in folders for file in sorted(folder.rglob("*.py"))]
    return tuple(sorted(files))
