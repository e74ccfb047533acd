"""Imports a module that imports this one, before it is complete."""

import shop.second

HALF = "defined after the import"
