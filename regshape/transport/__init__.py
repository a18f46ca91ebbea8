"""How requests leave and answers come back; the only package that imports httpx."""
