"""What the commands that run many simulations found: one document each, with its JSON Schema."""
