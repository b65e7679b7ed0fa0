"""Schema migrations of the evidence store (Alembic)."""
