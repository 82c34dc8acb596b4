"""python -m worker, which with --when-stdin-ends only loads its modules before that."""

import gc

gc.disable()  # nothing of what is loaded now is garbage

import sys

from store.settings import Settings
from worker.main import main

gc.freeze()
gc.enable()
if "--when-stdin-ends" in sys.argv:
    sys.stdin.read()
sys.exit(main(Settings()))
