"""The account side of a server: who may come in, and to which review; a Django application."""
