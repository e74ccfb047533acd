"""Functions that go as deep as the stack allows, and coroutines that nobody awaits."""


def down(depth):
    return down(depth + 1)


async def forgotten():
    return 1
