"""Fewer look-ups and narrower indexes for what each build writes."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    # A percent sign in the file is no parameter.
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(statements)
