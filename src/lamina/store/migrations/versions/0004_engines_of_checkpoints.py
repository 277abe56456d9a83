"""Which engine came so far with a training: one that is stopped is charged by who did its steps."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("checkpoints", schema=None) as batch_op:
        batch_op.add_column(sa.Column("engine", sa.String(length=64), nullable=False, server_default=""))
