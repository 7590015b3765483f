"""What each kind of result says: one module a kind, which gives sections of blocks and knows no renderer."""
