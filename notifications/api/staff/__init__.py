"""The REST API of staff: templates."""
