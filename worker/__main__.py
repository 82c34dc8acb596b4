"""python -m worker, which with --when-stdin-ends only loads its modules before that."""

import sys

from store.settings import Settings
from worker.main import main

if "--when-stdin-ends" in sys.argv:
    sys.stdin.read()
sys.exit(main(Settings()))
