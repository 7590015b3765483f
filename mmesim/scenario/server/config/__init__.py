"""`config.properties`: its syntax, its keys, and what they mean."""
