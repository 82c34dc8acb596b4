"""python -m worker"""

import sys

from store.settings import Settings
from worker.main import main

sys.exit(main(Settings()))
