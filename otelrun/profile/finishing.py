"""What the table's rules cannot say key by key: keys of one node that belong together. Hooks for ``Map.finish``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from otelrun.profile.hints import misspelt
from otelrun.profile.nodes import Mapping, Scalar
from otelrun.profile.pairs import header_name_fault, header_value_fault
from otelrun.profile.rules import Finding

if TYPE_CHECKING:
    from otelrun.profile.checker import Checker

PROPAGATORS = ("tracecontext", "baggage", "b3", "b3multi")
_ROUTE = re.compile(r"(?:[^{}]|\{[^{}:]+(?::path)?\})*")
_DEFAULT_QUEUE = 2_048
_DEFAULT_BATCH = 512


def finish_batch(checker: Checker, node: Mapping, path: str, values: dict[str, Any]) -> dict[str, Any]:
    """Keep a batch no larger than the queue it is taken from; the specification asks for that."""
    queue = values.get("max_queue_size") or _DEFAULT_QUEUE
    batch = values.get("max_export_batch_size") or _DEFAULT_BATCH
    if batch <= queue:
        return values
    key = "max_export_batch_size" if values.get("max_export_batch_size") else "max_queue_size"
    text = f"batches of {batch} from a queue of {queue}; write max_export_batch_size: {queue}, which is used"
    scalar = node.get(key)
    if isinstance(scalar, Scalar) and scalar.variables:  # values of variables are not shown
        text = "the batch is larger than the queue; batches as large as the queue are used"
    checker.problems.warn(node.entries[key].position, f"{path}.{key}", text)
    return {**values, "max_export_batch_size": queue}


def finish_otlp(_checker: Checker, _node: Mapping, _path: str, values: dict[str, Any]) -> dict[str, Any]:
    """Join ``headers`` and ``headers_list`` to pairs; of equal names (in any case) that of ``headers`` counts."""
    pairs = [(header["name"], header["value"]) for header in values.get("headers") or () if _is_whole(header)]
    named = {name.lower() for name, _ in pairs}
    listed = [pair for pair in values.get("headers_list") or () if pair[0].lower() not in named]
    return {**values, "headers": tuple(pairs + listed)}


def finish_meter_provider(checker: Checker, node: Mapping, path: str, values: dict[str, Any]) -> dict[str, Any]:
    """Say that exemplars are not recorded, where the file asks for them."""
    if values.get("exemplar_filter") in ("always_on", "trace_based"):
        text = "official, but otelrun does not follow it yet; no exemplars are recorded"
        checker.problems.warn(node.entries["exemplar_filter"].position, f"{path}.exemplar_filter", text)
    return values


def finish_probability(checker: Checker, node: Mapping, path: str, values: dict[str, Any]) -> dict[str, Any]:
    """Say what stands in for the experimental probability sampler."""
    text = "official, but otelrun does not follow it yet; trace_id_ratio_based with the same ratio is used"
    checker.problems.warn(node.position, path, text)
    return values


def judge_pattern(pattern: str, _shown: str) -> Finding | None:
    """Test a regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        return Finding(f"is not a regular expression ({error.msg}); write e.g. 'x-request-id' or 'x-.*'")
    return None


def judge_patterns(patterns: str, shown: str) -> Finding | None:
    """Test regular expressions with commas between them."""
    findings = (judge_pattern(pattern.strip(), shown) for pattern in patterns.split(","))
    return next((finding for finding in findings if finding), None)


def judge_route(route: str, _shown: str) -> Finding | None:
    """Test the template of a route."""
    if not route.startswith("/"):
        return Finding(f"does not begin with '/'; write '/{route}'")
    if not _ROUTE.fullmatch(route):
        return Finding("is not the template of a route; write e.g. '/users/{id}' or '/files/{name:path}'")
    return None


def judge_output_stream(stream: str, shown: str) -> Finding | None:
    """Test ``output_stream`` of ``otlp_file/development``."""
    if stream == "stdout" or (stream.startswith("file:///") and len(stream) > len("file:///")):
        return None
    if "://" not in stream and stream.startswith("/"):
        return Finding(f"is no stream; write file://{shown}")
    return Finding("is no stream; write stdout or file:///absolute/path.jsonl")


def judge_propagators(listed: str, _shown: str) -> Finding | None:
    """Test ``composite_list``: names of propagators, where those that are not built in come from something installed."""
    for name in listed.split(","):
        meant = misspelt(name.strip(), PROPAGATORS)
        if meant and name.strip() not in (*PROPAGATORS, "", "none"):
            return Finding(f"has an unknown name in it; did you mean '{meant}'?")
    return None


def judge_header_name(name: str, _shown: str) -> Finding | None:
    """Test the name of an entry of ``headers``."""
    fault = header_name_fault(name)
    return Finding(fault) if fault else None


def judge_header_value(value: str, _shown: str) -> Finding | None:
    """Test the value of an entry of ``headers``."""
    fault = header_value_fault(value)
    return Finding(fault) if fault else None


def judge_header(name: str, value: str) -> str:
    """Test one pair of ``headers_list``."""
    return header_name_fault(name) or header_value_fault(value)


def _is_whole(header: dict[str, Any]) -> bool:
    return isinstance(header.get("name"), str) and bool(header.get("value"))
