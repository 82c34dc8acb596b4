"""The digest of the training code itself, for whoever must not load torch to know it."""

import functools
import hashlib
from pathlib import Path


@functools.cache
def of_code() -> str:
    """Digest of this package's own source files: of each, its name, its length and its bytes, as trainer.digests has it for arrays."""
    folder = Path(__file__).parent
    running = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        source = file.read_bytes()
        running.update(f"{file.relative_to(folder)}|uint8|({len(source)},)|".encode())
        running.update(source)
    return running.hexdigest()
