"""People: a user with a phone, a time zone and a language, and the roles of the house."""
