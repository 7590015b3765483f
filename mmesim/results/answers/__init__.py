"""What commands answer with: the models of all documents, with their JSON Schema, and the sections of summary.json."""
