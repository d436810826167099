"""One function for each act of a reviewer."""
