"""Migrations of the tables; each runs once, after a backup."""
