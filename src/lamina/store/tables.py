"""The tables. Times are seconds since 1970, money is in micro-dollars, ids are UUIDv7 and therefore sort by age."""

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, LargeBinary, String, Text

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = String(36)
_Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite auto-increments INTEGER columns only

keys = sa.Table(
    "keys",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("prefix", String(16), nullable=False, index=True),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("is_metered", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
    Column("per_minute", Integer),
    Column("at_once", Integer),
    Column("max_stored_bytes", BigInteger),
    Column("stored_bytes", BigInteger, nullable=False, server_default="0"),
)

wallets = sa.Table(
    "wallets",
    metadata,
    Column("key_id", _Id, ForeignKey(keys.c.id), primary_key=True),
    Column("balance_micros", BigInteger, sa.CheckConstraint("balance_micros >= 0", name="balance"), nullable=False),
)

ledger = sa.Table(
    "ledger",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("key_id", _Id, ForeignKey(keys.c.id), nullable=False, index=True),
    Column("job_id", _Id),
    Column("kind", String(16), nullable=False),
    Column("amount_micros", BigInteger, nullable=False),
    Column("at", Double, nullable=False),
    Column("note", Text, nullable=False),
    sa.UniqueConstraint("job_id", "kind"),
)

jobs = sa.Table(
    "jobs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key_id", _Id, ForeignKey(keys.c.id), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("model", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("excused_attempts", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("queued_at", Double, nullable=False),
    Column("started_at", Double),
    Column("ended_at", Double),
    Column("start_by", Double),
    Column("run_by", Double),
    Column("agent_id", _Id),
    Column("is_cancel_requested", Boolean, nullable=False),
    Column("price_micros", BigInteger, nullable=False),
    Column("charged_micros", BigInteger, nullable=False),
    Column("request", sa.JSON, nullable=False),
    Column("progress", sa.JSON, nullable=False),
    Column("failure", sa.JSON(none_as_null=True)),
    Column("result", sa.JSON(none_as_null=True)),
    Column("idempotency_key", String(255)),
    Column("body_hash", String(64)),
    Column("dispatch_ref", BigInteger),
    sa.UniqueConstraint("key_id", "idempotency_key"),
    Index(None, "key_id", "id"),
    Index(None, "key_id", "created_at"),
    Index(None, "ended_at"),
)

Index("ix_jobs_queue", jobs.c.state, jobs.c.priority.desc(), jobs.c.id)  # in the order in which jobs are taken

# A literal, not a parameter: SQLite uses a partial index only if the query's text implies its condition.
IS_SUCCEEDED = jobs.c.state == sa.literal_column("'succeeded'")
Index(
    "ix_jobs_succeeded", jobs.c.model, jobs.c.kind, jobs.c.id, sqlite_where=IS_SUCCEEDED, postgresql_where=IS_SUCCEEDED
)

job_events = sa.Table(
    "job_events",
    metadata,
    Column("job_id", _Id, ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("data", sa.JSON, nullable=False),
)

agents = sa.Table(
    "agents",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("host", Text, nullable=False),
    Column("process", Integer, nullable=False),
    Column("device", String(64), nullable=False),
    Column("started_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
)

files = sa.Table(
    "files",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key_id", _Id, ForeignKey(keys.c.id), nullable=False),
    Column("job_id", _Id, index=True),
    Column("sha256", String(64), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("media_type", String(128), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, index=True),
)

upload_parts = sa.Table(
    "upload_parts",
    metadata,
    Column("file_id", _Id, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("key_id", _Id, ForeignKey(keys.c.id), nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False, index=True),
)

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    Column("job_id", _Id, ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("layers", Integer, nullable=False),
    Column("name", String(255), nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("engine", String(64), nullable=False, server_default=""),
)

webhooks = sa.Table(
    "webhooks",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("job_id", _Id, nullable=False, index=True),
    Column("key_id", _Id, nullable=False),
    Column("event", String(32), nullable=False),
    Column("url", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double, nullable=False),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("created_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("is_refused", Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("job_id", "event"),
    Index(None, "state", "next_at"),
)

records = sa.Table(
    "records",
    metadata,
    Column("key_id", _Id, ForeignKey(keys.c.id), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("value", sa.JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, index=True),
)

stacks = sa.Table(
    "stacks",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key_id", _Id, ForeignKey(keys.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("lifetime_s", Double),
    Column("expires_at", Double, index=True),
    Column("revision", Integer, nullable=False),
    Column("last_revision", Integer, nullable=False),
    Column("idempotency_key", String(255)),
    Column("body_hash", String(64)),
    Index(None, "key_id", "id"),
    Index(None, "key_id", "idempotency_key", unique=True),
)

stack_revisions = sa.Table(
    "stack_revisions",
    metadata,
    Column("stack_id", _Id, ForeignKey(stacks.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("base", Integer),
    Column("document", LargeBinary, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)

stack_pixels = sa.Table(
    "stack_pixels",
    metadata,
    Column("stack_id", _Id, ForeignKey(stacks.c.id, ondelete="CASCADE"), primary_key=True),
    Column("sha256", String(64), primary_key=True, index=True),
    Column("size", BigInteger, nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer),
)

stack_proposals = sa.Table(
    "stack_proposals",
    metadata,
    Column("job_id", _Id, ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("stack_id", _Id, ForeignKey(stacks.c.id, ondelete="CASCADE"), nullable=False),
    Index(None, "stack_id", "job_id"),
)

secrets = sa.Table(
    "secrets",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
