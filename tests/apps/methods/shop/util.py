"""Functions."""

from shop.cart import Cart  # noqa: F401 - not this module's own


def double(number):
    return 2 * number


def fail(message):
    raise ValueError(message)


def _hidden():
    return double(1)
