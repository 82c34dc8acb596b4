"""Where the page shows things, below this service's own address; and which addresses are the page's at all."""

from urllib.parse import quote

# What answers programs, and no page ever: the rest of the addresses are the page's.
NO_PAGES = frozenset("api graphql files storage sdk static assets share login logout healthz readyz metrics".split())  # noqa: SIM905


def is_page(path: str) -> bool:
    return path.startswith("/") and path.split("/")[1].lower() not in NO_PAGES and not path.startswith("//")


def of_project(path: str) -> str:
    """`path` is the project's, entity/name."""
    return f"/{quote(path)}"


def of_run(project: str, run_id: str) -> str:
    return f"{of_project(project)}/runs/{quote(run_id, safe='')}"


def of_study(project: str, study_id: str) -> str:
    return f"{of_project(project)}/studies/{quote(study_id, safe='')}"
