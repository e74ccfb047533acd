"""Goes down to the recursion limit, and forgets a coroutine."""

import gc

from shop.deep import down, forgotten

for _ in range(3):
    try:
        down(0)
    except RecursionError as error:
        print(type(error).__name__, error.__cause__)
forgotten()
gc.collect()
