"""The project that shows and uses the notifications app."""
