"""How much each key has stored, how much it may, and the parts of uploads that are not whole yet."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_COUNT = """
update keys set stored_bytes = (
    select coalesce(sum(files.size), 0) from files where files.key_id = keys.id and files.job_id is null
)
"""


def upgrade() -> None:
    op.create_table(
        "upload_parts",
        sa.Column("file_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=36), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_upload_parts_key_id")),
        sa.PrimaryKeyConstraint("file_id", "number", name=op.f("pk_upload_parts")),
    )
    with op.batch_alter_table("upload_parts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_upload_parts_sha256"), ["sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_upload_parts_created_at"), ["created_at"], unique=False)
    with op.batch_alter_table("keys", schema=None) as batch_op:
        batch_op.add_column(sa.Column("max_stored_bytes", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("stored_bytes", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(_COUNT)
