"""A shop with functions of every kind."""
