"""Migrations of the account side; each runs once, after a backup."""
