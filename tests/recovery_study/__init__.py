"""How often "not recovered" is wrong, and how often it is not said though the limits stay broken."""
