"""Ways of breaking a request, by target."""
