"""What the fields of the schema give, an area a module."""

from api.wandb.resolvers import (
    absent,
    alerts,
    artifacts,
    collections,
    files,
    history,
    linking,
    listing,
    people,
    projects,
    registries,
    runs,
    sweeps,
    viewer,
)

AREAS = (viewer, projects, runs, listing, history, files, artifacts, collections, linking, registries, people, sweeps, alerts, absent)
