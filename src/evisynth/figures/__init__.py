"""Figures: layout as data, drawing apart from it."""
