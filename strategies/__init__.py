"""Generation: one module of strategies per protocol."""
