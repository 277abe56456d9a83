"""Which webhooks were given up because of where they lead, which a setting may change."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("webhooks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_refused", sa.Boolean(), nullable=False, server_default=sa.false()))
