"""Alembic's environment script: it migrates over the connection in its configuration, in that one's transaction."""

from alembic import context

from lamina.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite supports few changes in place
    transactional_ddl=False,
)
context.run_migrations()
