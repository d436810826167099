"""The review document, tables and machine-readable results."""
