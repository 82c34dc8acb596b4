"""Names the service gives to things."""

import secrets
import string

ALPHABET = string.ascii_lowercase + string.digits


def new_id() -> str:
    """12 letters and digits: 62 random bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(12))


def new_external_id() -> str:
    """8 letters and digits, the form of a wandb run id; unique only within a project."""
    return "".join(secrets.choice(ALPHABET) for _ in range(8))
