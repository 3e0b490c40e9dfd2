"""Alembic's entry: migrations run on the connection that `migrations.runner` hands over, one transaction each."""

from alembic import context

from kernel.database import Base
from marketplace import models

assert models.MODULES  # importing them fills the metadata
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    transaction_per_migration=True,  # locks of one step are not held through the next
    include_object=lambda obj, name, kind, reflected, other: not (kind == "table" and name == "rate_limits"),
)
with context.begin_transaction():
    context.run_migrations()
