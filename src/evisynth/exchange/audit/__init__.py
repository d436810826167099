"""Audits: published results computed anew, and the data under them looked at."""
