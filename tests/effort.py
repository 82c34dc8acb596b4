"""How many examples Hypothesis tries where each one costs work on a database or a request."""

from hypothesis import settings

QUICK, THOROUGH = "quick", "thorough"


def examples(quick: int, thorough: int) -> int:
    """`quick`, or `thorough` under `--hypothesis-profile=thorough`, as `make proof` has it."""
    return thorough if settings.get_current_profile_name() == THOROUGH else quick
