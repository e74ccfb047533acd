"""The table of ``distribution.otelrun``: what is ours in a profile. Only data; ``model.Otelrun`` says what each key does."""

from __future__ import annotations

from otelrun.profile.rules import MILLISECONDS, Anything, Boolean, Choice, Fault, Integer, ListOf, Map, Text

_PAGE = 4_096
_LARGEST_RING = 1 << 30
_MOST_OPEN_SPANS = 65_536


def _test_ring_size(size: int) -> None:
    if size % _PAGE or size & (size - 1):
        raise Fault(what="is not a power of two, in bytes", instead=str(max(_PAGE, 1 << size.bit_length())))


def _test_table_size(size: int) -> None:
    if size % _PAGE:
        raise Fault(what=f"is not a multiple of {_PAGE} bytes", instead=str(-(-size // _PAGE) * _PAGE))


def _ring_integer(example: int, *, is_table: bool = False) -> Integer:
    test = _test_table_size if is_table else _test_ring_size
    return Integer(minimum=_PAGE, maximum=_LARGEST_RING, unit="bytes", example=example, test=test)


_NAMES = ListOf(Text(), is_nonempty=False)

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
        "children": Choice(("all", "inherit", "none")),
        "store": Map({"enabled": Boolean(), "keep_runs": Integer(minimum=1, example=20)}),
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
