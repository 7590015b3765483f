"""How a result differs from another one, or from what it once was, and which change of mmesim may be why."""
