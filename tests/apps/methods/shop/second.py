"""Is imported by a module that it imports."""

import shop.first


class Late:
    def run(self):
        return shop.first.HALF


def use():
    return Late().run()
