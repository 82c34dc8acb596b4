"""What the fields of the schema give, an area a module."""

from api.wandb.resolvers import files, history, listing, projects, runs, viewer

AREAS = (viewer, projects, runs, listing, history, files)
