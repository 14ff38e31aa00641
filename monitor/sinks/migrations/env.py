"""Alembic's entry: run the migrations on the connection that `monitor.sinks.database` hands over."""

from alembic import context
from sqlalchemy import create_engine

from monitor.sinks.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:  # the alembic command line, used while developing: alembic -x url=sqlite:///...
    connection = create_engine(context.get_x_argument(as_dictionary=True)["url"]).connect()

context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
