"""Calls functions of every kind of the shop beside it, and prints all that can be seen of that."""

import asyncio
import inspect
import pickle
import sys
import traceback

import shop.util
from shop.cart import Cart

cart = Cart.empty("me")
print(cart.total(1, 2, 3, tax=1, password="open sesame", note=[1]), Cart.rate("de"), cart.inherited(3), cart.size)
print(inspect.signature(Cart.total), inspect.getfullargspec(Cart.fetch), inspect.iscoroutinefunction(Cart.fetch))
print(pickle.loads(pickle.dumps(Cart.total)) is Cart.total, Cart.total.__doc__, list(cart.items(2)))


async def main():
    print(await cart.fetch("pen"), [page async for page in cart.pages(2)])
    async for page in cart.pages(3):
        break


asyncio.run(main())
try:
    shop.util.fail("no")
except ValueError:
    traceback.print_exc(file=sys.stdout)
try:
    cart.fetch()
except TypeError as error:
    print(error)
print(shop.util.double(3))
