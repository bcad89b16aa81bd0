"""Against the PostgreSQL and Redis that the environment names."""
