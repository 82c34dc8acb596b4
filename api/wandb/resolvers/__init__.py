"""What the fields of the schema give, an area a module."""

from api.wandb.resolvers import alerts, artifacts, files, history, listing, projects, runs, sweeps, viewer

AREAS = (viewer, projects, runs, listing, history, files, artifacts, sweeps, alerts)
