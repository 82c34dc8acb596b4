"""The key that signs this service's receipts: a file of the operator's, or one that is made in the data folder when it is first needed."""

import contextlib
import hashlib
import hmac
import os
import threading
from pathlib import Path
from typing import Any

from analysis import receipts
from api.problems import Problem
from store.settings import Settings

FILE = Path("signing") / "receipts.pem"


class Signing:
    """The one key of this process, read when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self._named = Path(settings.signing_key_file) if settings.signing_key_file else None
        self._own = settings.data_dir / FILE
        self._key: bytes | None = None
        self._lock = threading.Lock()

    def sign(self, content: dict[str, Any]) -> bytes:
        """The receipt as a file. Raises Problem 503."""
        return receipts.signed(content, self._private_key())

    def public_key(self) -> str:
        """Raises Problem 503."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return receipts.key_text(Ed25519PrivateKey.from_private_bytes(self._private_key()).public_key().public_bytes_raw())

    def tag(self, text: str) -> str:
        """64 hex digits that only this service can make of the text (HMAC-SHA256 with a key derived from the signing key). Raises Problem 503."""
        key = hashlib.sha256(b"runtwice: signed addresses\0" + self._private_key()).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    def _private_key(self) -> bytes:
        with self._lock:
            if self._key is None:
                file = self._named or self._own
                try:
                    if self._named is None:
                        _make(file)
                    self._key = _read(file)
                except (OSError, ValueError, TypeError) as error:
                    reason = getattr(error, "strerror", None) or str(error)
                    raise Problem(503, f"Receipts cannot be signed: the key file of the service cannot be used ({reason}).") from error
            return self._key


def _make(file: Path) -> None:
    """A new key, mode 0600, when there is none; of two processes that make one at once the first has it."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if file.exists():
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    draft = file.with_name(f"{file.name}.{os.getpid()}-{threading.get_ident()}.new")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(Ed25519PrivateKey.generate().private_bytes(*form))
            opened.flush()
            os.fsync(opened.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def _read(file: Path) -> bytes:
    """The 32 bytes of the key. Raises ValueError for a file that holds no such key, or a key of another kind."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{file} holds a key of another kind than Ed25519")
    return key.private_bytes_raw()
