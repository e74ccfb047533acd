"""The user's own sitecustomize, which otelrun's must not hide."""

import builtins
import sys

builtins.customized = ("by the user", __name__, sys.modules[__name__].__file__ == __file__)
