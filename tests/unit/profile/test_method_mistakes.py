"""The mistakes people make in ``methods``, and the one line each of them gets."""

from __future__ import annotations

import pytest

PROFILE = """file_format: "1.1"
distribution:
  otelrun:
    methods:
      - {entry}
"""
HERE = "distribution.otelrun.methods[0]"
MISTAKES = {
    "no colon": (
        "shop.cart.Cart.total",
        f"5:9 {HERE}.target: 'shop.cart.Cart.total' names no function; write shop.cart:Cart.total",
    ),
    "no colon and no class": (
        "shop.util.double",
        f"5:9 {HERE}.target: 'shop.util.double' names no function; write shop.util:double",
    ),
    "a module alone": (
        "shop",
        f"5:9 {HERE}.target: 'shop' names no function; write module:function, module:Class.method or module:*",
    ),
    "two stars": (
        "shop:a*b*",
        f"5:9 {HERE}.target: 'shop:a*b*' names no function; write module:function, module:Class.method or module:*",
    ),
    "of the script": (
        "__main__:main",
        (
            f"5:9 {HERE}.target: '__main__:main' is in the program's script, "
            "whose functions cannot be found before it runs; write a module it imports"
        ),
    ),
    "a misspelt key": (
        "{target: 'a:b', argument: true}",
        f"5:25 {HERE}.argument: unknown key; did you mean 'arguments'?",
    ),
    "no target": ("{arguments: true}", f"5:9 {HERE}: 'target' is missing; write 'target:'"),
    "arguments of one word": (
        "{target: 'a:b', arguments: price}",
        f"5:36 {HERE}.arguments: 'price' is not a list; write a list of parameters, or true for all of them",
    ),
    "no name of a parameter": (
        "{target: 'a:b', arguments: [the-price]}",
        f"5:37 {HERE}.arguments[0]: 'the-price' is no name of a parameter; write one name, or true for all of them",
    ),
    "a number": (
        "1",
        f"5:9 {HERE}: one value is not a mapping; write module:function, or target: and arguments: below the '- '",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_gets_one_line_that_says_what_to_write(problems_of, case):
    entry, expected = MISTAKES[case]

    assert problems_of(PROFILE.format(entry=entry)) == (f"profile.yaml:{expected}",)
