"""What summary.json says: the whole, and one module for each section that takes more than a look."""
