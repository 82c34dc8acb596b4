"""`python -m api`: serves the HTTP interface with the settings of the environment until SIGTERM or SIGINT.

With --when-stdin-ends it only loads its modules before that: `runtwice up` prepares the database meanwhile.
"""

import gc

gc.disable()  # nothing of what is loaded now is garbage; it is enabled again in api.server, when all is there

import sys

from api.logs import set_up
from api.server import serve
from store.settings import Settings


def main() -> None:
    settings = Settings()
    set_up(settings.log_level)
    if "--when-stdin-ends" in sys.argv:
        sys.stdin.read()
    serve(settings)


if __name__ == "__main__":
    main()
