"""A bench on a PostgreSQL server of its own, from a wheel and with its default settings: fsync and synchronous_commit are on.

python -m bench.on_postgres bench.ingest [its options]
"""

import subprocess
import sys

from tests.servers import Postgres


def main() -> None:
    module, *options = sys.argv[1:] or ["bench.ingest"]
    server = Postgres()
    try:
        server.start()
        server.execute("CREATE DATABASE bench")
        done = subprocess.run([sys.executable, "-m", module, "--database-url", server.url("bench"), *options], check=False)
    finally:
        server.stop()
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
