"""What the fields of the schema give, an area a module."""

from api.wandb.resolvers import files, projects, runs, viewer

AREAS = (viewer, projects, runs, files)
