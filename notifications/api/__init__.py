"""The REST API: of a person, the inbox and the addresses; of staff, the templates."""
