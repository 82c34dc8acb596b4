"""Runs the migrations on the connection that store/migrate.py hands over, inside its transaction."""

from alembic import context

from store.tables import Table

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Table.metadata, render_as_batch=connection.dialect.name == "sqlite", compare_type=True)
context.run_migrations()
