"""The tree itself: which room may enter which, how long a file may be, what may not stand in it."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("api", "worker", "trainer", "analysis", "store", "cli", "migrations", "bench", "tests")
LONGEST = 350


def hand_written() -> list[Path]:
    return [file for package in PACKAGES for file in (ROOT / package).rglob("*.py") if "node_modules" not in file.parts]


@functools.cache
def loaded_by(package: str) -> set[str]:
    """The modules of a fresh process that has imported the package."""
    done = subprocess.run([sys.executable, "-c", f"import sys, {package}; print(*sys.modules)"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert package in loaded
    return loaded


class TestTree:
    def test_imports_follow_the_arrows(self) -> None:
        done = subprocess.run([Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True)

        assert done.returncode == 0, done.stdout

    def test_no_file_is_too_long_to_read(self) -> None:
        lengths = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in hand_written()}

        assert lengths
        assert {name: length for name, length in lengths.items() if length > LONGEST} == {}

    @pytest.mark.parametrize("package", ["api.app", "worker.enqueue", "worker.main", "store.lifecycle", "analysis.verdict", "cli.main"])
    def test_only_the_trainer_loads_torch(self, package: str) -> None:
        heavy = ["torch", "scipy", "sklearn", "pandas", "mlxtend"]

        assert [name for name in heavy if name in loaded_by(package)] == []

    @pytest.mark.parametrize("package", ["api.app", "worker.main", "cli.main"])
    def test_what_only_an_export_needs_is_loaded_by_none_at_its_start(self, package: str) -> None:
        assert [name for name in ("pyarrow", "duckdb", "pandas") if name in loaded_by(package)] == []

    def test_no_download_address_is_pinned(self) -> None:
        files = [ROOT / "pyproject.toml", ROOT / "constraints.txt", ROOT / "Makefile", ROOT / ".ci" / "run"]

        assert [file.name for file in files if "index-url" in file.read_text()] == []

    def test_the_page_s_packages_are_locked_as_they_are_asked_for(self) -> None:
        asked, lock = (json.loads((ROOT / "web" / name).read_text()) for name in ("package.json", "package-lock.json"))

        for kind in ("dependencies", "devDependencies"):
            assert lock["packages"][""][kind] == asked[kind]
        assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
