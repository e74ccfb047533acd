"""The table of ``distribution.otelrun``: what is ours in a profile. Only data; ``model.Otelrun`` says what each key does."""

from __future__ import annotations

import re

from otelrun.profile.rules import MILLISECONDS, Anything, Boolean, Choice, Fault, Finding, Integer, ListOf, Map, Text

_PAGE = 4_096
_LARGEST_RING = 1 << 30
_MOST_OPEN_SPANS = 65_536
_TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:([^\W\d]\w*\.)*(\w+|\w*\*\w*)")
_EVERYTHING = "*"


def _test_ring_size(size: int) -> None:
    if size % _PAGE or size & (size - 1):
        raise Fault(what="is not a power of two, in bytes", instead=str(max(_PAGE, 1 << size.bit_length())))


def _test_table_size(size: int) -> None:
    if size % _PAGE:
        raise Fault(what=f"is not a multiple of {_PAGE} bytes", instead=str(-(-size // _PAGE) * _PAGE))


def _ring_integer(example: int, *, is_table: bool = False) -> Integer:
    test = _test_table_size if is_table else _test_ring_size
    return Integer(minimum=_PAGE, maximum=_LARGEST_RING, unit="bytes", example=example, test=test)


def _judge_target(target: str, _shown: str) -> Finding | None:
    if target.startswith("__main__:"):
        return Finding(
            "is in the program's script, whose functions cannot be found before it runs; write a module it imports"
        )
    if _TARGET.fullmatch(target):
        return None
    return Finding(f"names no function; write {_target_instead(target)}")


def _target_instead(target: str) -> str:
    """Guess where the module ends: before the first name in upper case, or before the last name."""
    parts = target.replace(":", ".").split(".")
    end = next((index for index, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
    guess = f"{'.'.join(parts[:end])}:{'.'.join(parts[end:])}"
    return guess if _TARGET.fullmatch(guess) else "module:function, module:Class.method or module:*"


def _judge_parameter(name: str, _shown: str) -> Finding | None:
    if name == _EVERYTHING or name.isidentifier():
        return None
    return Finding("is no name of a parameter; write one name, or true for all of them")


_NAMES = ListOf(Text(), is_nonempty=False)
_METHOD = Map(
    {
        "target": Text(test=_judge_target),
        "arguments": ListOf(
            Text(test=_judge_parameter),
            is_nonempty=False,
            everything=_EVERYTHING,
            instead="a list of parameters, or true for all of them",
        ),
    },
    required=("target",),
    short="target",
    instead="module:function, or target: and arguments: below the '- '",
)

OTELRUN = Map(
    {
        "extends": Anything(),
        "remove": Anything(),
        "pipeline": Choice(("auto", "agent", "in_process")),
        "environment_variables": Choice(("ignore", "honour"), also={"honor": "honour"}),
        "instrumentation": Map({"default_enabled": Boolean(), "enabled": _NAMES, "disabled": _NAMES}),
        "exit_budget_ms": Integer(unit=MILLISECONDS, example=2_000),
        "outbox_limit_mb": Integer(minimum=1, unit="MiB", example=64),
        "self_metrics": Boolean(),
        "runtime_metrics": Boolean(),
        "methods": ListOf(_METHOD, is_nonempty=False),
        "children": Choice(("all", "inherit", "none")),
        "start_context": Choice(("auto", "parent", "link", "ignore")),
        "store": Map(
            {
                "enabled": Boolean(),
                "keep_runs": Integer(minimum=1, example=10),
                "max_total_mb": Integer(minimum=1, unit="MiB", example=512),
                "max_run_mb": Integer(minimum=1, unit="MiB", example=256),
            }
        ),
        "ring": Map(
            {
                "size": _ring_integer(4_194_304),
                "tables_size": _ring_integer(524_288, is_table=True),
                "hold_ms": Integer(unit=MILLISECONDS, example=200),
                "open_spans": Integer(maximum=_MOST_OPEN_SPANS, example=1_024),
            }
        ),
    }
)

DISTRIBUTION = Map({"otelrun": OTELRUN}, rest=Anything(is_mapping=True))
