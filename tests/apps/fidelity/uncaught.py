"""Dies of an exception with a cause, a note-like text and frames inside the standard library."""

import json


class ShopError(Exception):
    pass


def parse(text):
    try:
        return json.loads(text)
    except ValueError as error:
        raise ShopError("cannot read the order: ä") from error


print("working")
parse("{")
