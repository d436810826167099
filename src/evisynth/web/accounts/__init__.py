"""Accounts of a server in the browser: who comes in, to which review, and by which token."""
