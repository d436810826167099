"""Pages by area."""
