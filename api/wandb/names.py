"""Names for runs that come without one."""

import secrets

HOW = "amber brave brisk calm clear crisp early even fair fresh gentle glad keen kind lively lucid mild neat plain quick quiet ready sharp".split()  # noqa: SIM905
WHAT = "birch brook cedar cliff cloud comet dune ember fern finch grove heron lake lynx maple meadow otter pine reef ridge river spark".split()  # noqa: SIM905


def pair() -> str:
    """Two words, such as quiet-otter."""
    return f"{secrets.choice(HOW)}-{secrets.choice(WHAT)}"
