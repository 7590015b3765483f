"""What a scenario expects: each question, its figure, and its verdict."""
