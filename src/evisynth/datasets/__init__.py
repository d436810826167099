"""Small published data sets with their source."""
