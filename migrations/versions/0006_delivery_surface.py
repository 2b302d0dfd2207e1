"""Keep with a delivery where its message is shown: in a server, directly or in a group, and in which kind of channel.

Safe while the previous release runs: it only adds columns that may be empty, as they are in the rows of that release.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns."""
    op.add_column("deliveries", sa.Column("surface", sa.Text(), nullable=True))
    op.add_column("deliveries", sa.Column("is_nsfw_channel", sa.Boolean(), nullable=True))
    op.create_check_constraint(op.f("deliveries_surface_check"), "deliveries", "surface IN ('dm', 'guild', 'private')")
