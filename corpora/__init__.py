"""Seeds and regression cases, a folder per protocol."""
