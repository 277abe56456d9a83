"""Idempotency keys of stacks, and the proposals that are open."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("stacks", sa.Column("idempotency_key", sa.String(length=255), nullable=True))
    op.add_column("stacks", sa.Column("body_hash", sa.String(length=64), nullable=True))
    op.create_index(
        op.f("ix_stacks_key_id_idempotency_key"), "stacks", ["key_id", "idempotency_key"], unique=True
    )  # and no constraint, for which SQLite would copy the table and drop the revisions with the old one
    op.create_table(
        "stack_proposals",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("stack_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_stack_proposals_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["stack_id"], ["stacks.id"], name=op.f("fk_stack_proposals_stack_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_stack_proposals")),
    )
    op.create_index(op.f("ix_stack_proposals_stack_id_job_id"), "stack_proposals", ["stack_id", "job_id"])
