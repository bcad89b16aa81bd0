"""Several parts together, over the database."""
