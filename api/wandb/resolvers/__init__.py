"""What the fields of the schema give, an area a module."""

from api.wandb.resolvers import alerts, artifacts, collections, files, history, linking, listing, projects, runs, sweeps, viewer

AREAS = (viewer, projects, runs, listing, history, files, artifacts, collections, linking, sweeps, alerts)
