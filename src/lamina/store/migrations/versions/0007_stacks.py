"""Stacks that can be edited, their revisions, and the pixels that the revisions show."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "stacks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("key_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("lifetime_s", sa.Double(), nullable=True),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("last_revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_stacks_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stacks")),
    )
    op.create_index(op.f("ix_stacks_expires_at"), "stacks", ["expires_at"], unique=False)
    op.create_index(op.f("ix_stacks_key_id_id"), "stacks", ["key_id", "id"], unique=False)
    op.create_table(
        "stack_revisions",
        sa.Column("stack_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stack_id"], ["stacks.id"], name=op.f("fk_stack_revisions_stack_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stack_id", "number", name=op.f("pk_stack_revisions")),
    )
    op.create_table(
        "stack_pixels",
        sa.Column("stack_id", sa.String(length=36), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["stack_id"], ["stacks.id"], name=op.f("fk_stack_pixels_stack_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("stack_id", "sha256", name=op.f("pk_stack_pixels")),
    )
    op.create_index(op.f("ix_stack_pixels_sha256"), "stack_pixels", ["sha256"], unique=False)
