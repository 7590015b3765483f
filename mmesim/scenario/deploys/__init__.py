"""Updates of the endpoint while it serves: what changes, and how the traffic comes to the new hosts."""
