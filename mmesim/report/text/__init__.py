"""What is printed: one module a kind of result."""
