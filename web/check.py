"""What the page must pass: types as the API's OpenAPI document has them, tsc, eslint, vitest. With --write the types are written anew."""

import argparse
import sys
import tempfile
from pathlib import Path

import orjson

WEB = Path(__file__).resolve().parent
sys.path.insert(0, str(WEB))

import build  # noqa: E402  # beside this file

SCHEMA = WEB / "src" / "api" / "schema.d.ts"
HEADING = "// Made from the API's OpenAPI document by `make types`: change the API, not this file.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write web/src/api/schema.d.ts anew and check nothing else")
    asked = parser.parse_args()
    try:
        build.install(checks=True)
        types = current_types()
        if asked.write:
            SCHEMA.write_text(types)
            print(f"Written: {SCHEMA.relative_to(WEB.parent)}")
            return
        if not SCHEMA.is_file() or SCHEMA.read_text() != types:
            sys.exit("web/src/api/schema.d.ts is not what the API's OpenAPI document says: run `make types` and commit it.")
        build.npx("tsc", "--noEmit")
        build.npx("eslint", "src", "--max-warnings", "0")
        build.npx("vitest", "run", "--reporter=dot")
    except build.NotBuilt as error:
        sys.exit(str(error))


def current_types() -> str:
    """TypeScript for the OpenAPI document of the API as it stands in this tree."""
    sys.path.insert(0, str(WEB.parent))
    from api.app import create_app
    from store.settings import Settings

    with tempfile.TemporaryDirectory(prefix="rt-types-") as folder:
        app = create_app(Settings(data_dir=Path(folder) / "data"))
        document, out = Path(folder) / "openapi.json", Path(folder) / "schema.d.ts"
        document.write_bytes(orjson.dumps(app.openapi()))
        build.npx("openapi-typescript", str(document), "--output", str(out), "--alphabetize")
        return HEADING + out.read_text()


if __name__ == "__main__":
    main()
