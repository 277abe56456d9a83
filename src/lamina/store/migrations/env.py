"""What Alembic runs to migrate: over the connection that it was given, in that connection's transaction."""

from alembic import context

from lamina.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters few things in place
    transactional_ddl=False,
)
context.run_migrations()
