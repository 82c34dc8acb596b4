"""Builds the page while the package is: a wheel ships it, an editable install finds it in the source tree."""

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds the page. A wheel is not made without it; an editable install without a way to npm goes on and the service says what is missing."""
        if os.environ.get("RUNTWICE_WITHOUT_PAGE") or not (Path(self.root) / "web").is_dir():
            return
        page = _builder(Path(self.root) / "web" / "build.py")
        try:
            page.build()
        except page.NotBuilt as error:
            if version != "editable":
                raise
            print(f"The page is missing: {error}. Everything else works; `make page` builds it later.", file=sys.stderr)


def _builder(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location("runtwice_web_build", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
