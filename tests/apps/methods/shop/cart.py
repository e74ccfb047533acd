"""A cart."""

import functools
import types


def traced(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)

    return inner


class Base:
    @staticmethod
    def inherited(number: int) -> int:
        """Inherited."""
        return number + 1


class Cart(Base):
    """Holds items."""

    def __init__(self, owner):
        self.owner = owner

    def total(self, price: int, /, *more, tax: float = 0.5, password="", **other):
        """Sum it up."""
        return price + sum(more) + tax

    @classmethod
    def empty(cls, owner="nobody"):
        return cls(owner)

    @staticmethod
    def rate(country):
        return {"de": 19}[country]

    @property
    def size(self):
        """How many."""
        return 3

    @traced
    def decorated(self, n):
        return n

    def _private(self):
        return "private"

    @functools.lru_cache
    def cached(self):
        return 1

    async def fetch(self, item, delay=0):
        import asyncio

        await asyncio.sleep(delay)
        if item == "bad":
            raise LookupError(item)
        return item

    def items(self, count, *, start=0):
        received = []
        try:
            for number in range(start, start + count):
                received.append((yield number))
        except KeyError as error:
            yield f"caught {error}"
        return received

    async def pages(self, count):
        got = []
        try:
            for number in range(count):
                got.append((yield number))
        finally:
            self.closed = got

    @types.coroutine
    def old_style(self, future):
        return (yield from future)
