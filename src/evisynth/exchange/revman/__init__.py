"""Files of Review Manager: read, and computed anew by its rules."""
