"""The section `server`: Multi Model Server, its `config.properties`, and what frameworks cost."""
