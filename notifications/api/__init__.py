"""The REST API of a person: the inbox, and the addresses."""
