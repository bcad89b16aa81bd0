"""One function or class, no server."""
