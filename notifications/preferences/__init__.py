"""What a person wants: language, time zone, channels, quiet hours."""
