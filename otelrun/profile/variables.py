"""The standard ``OTEL_*`` variables that a profile cannot reference, for profiles that honour them.

They choose exporters, protocol and sampler, complete OTLP exporters whose endpoint the file leaves to the variables, and say
which HTTP headers are captured and which URLs left out. It
is done on the nodes, before they are checked, as if the file had said so: a bad value is then a warning that names the
variable, and its default holds. Everything else is referenced in ``configs/default.yaml`` and needs no code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from otelrun.profile.endpoints import GRPC_PORT, http_endpoint, port_of
from otelrun.profile.nodes import Entry, Mapping, Node, Scalar, Sequence
from otelrun.profile.scalars import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping as Environment

    from otelrun.profile.problems import Position, Problems

_OTLP = "OTEL_EXPORTER_OTLP_"
_OTLP_KINDS = ("otlp_http", "otlp_grpc")
_EXPORTERS = {
    "otlp": "",  # http or gRPC: as the protocol says
    "otlp_proto_http": "otlp_http",
    "otlp_proto_grpc": "otlp_grpc",
    "console": "console",
}
_PROTOCOLS = {"grpc": "otlp_grpc", "http/protobuf": "otlp_http", "http/json": "otlp_http"}
_INSTRUMENTATION = "instrumentation/development"
_CAPTURE = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_"
_EXCLUDED_URLS = "OTEL_PYTHON_EXCLUDED_URLS"
_SAMPLERS = ("always_on", "always_off", "traceidratio")
_PARENT_BASED = "parentbased_"
_LIKELY_SECONDS = 100


class _Signal(NamedTuple):
    """Where a signal's exporters stand: ``provider: {entries: [{wrapper: {exporter: …}}]}``."""

    name: str
    provider: str
    entries: str
    wrapper: str

    @property
    def variable(self) -> str:
        return f"OTEL_{self.name.upper()}_EXPORTER"


_SIGNALS = (
    _Signal("traces", "tracer_provider", "processors", "batch"),
    _Signal("metrics", "meter_provider", "readers", "periodic"),
    _Signal("logs", "logger_provider", "processors", "batch"),
)


class _Found(NamedTuple):
    """An exporter in a file: the processor or reader around it, which one it is, and how it is configured."""

    wrapper: str
    settings: Mapping
    kind: str
    config: Mapping


def honours_variables(root: Mapping) -> bool:
    """Say whether a profile has ``distribution.otelrun.environment_variables: honour``."""
    node = _below(root, "distribution", "otelrun", "environment_variables")
    return isinstance(node, Scalar) and node.value == "honour"


def apply_variables(root: Mapping, environment: Environment[str, str], problems: Problems) -> Mapping:
    """Lay the variables on a profile that honours them; give the new root."""
    editor = _Editor(environment, problems, root.position)
    for signal in _SIGNALS:
        root = editor.with_exporters(root, signal)
        editor.doubt_timeout(f"{_OTLP}{signal.name.upper()}_TIMEOUT")
    editor.doubt_timeout(f"{_OTLP}TIMEOUT")
    for side in ("server", "client"):
        root = editor.with_http(root, side)
    return editor.with_sampler(root)


class _Editor:
    def __init__(self, environment: Environment[str, str], problems: Problems, position: Position) -> None:
        self._environment = environment
        self._problems = problems
        self._position = position

    def doubt_timeout(self, name: str) -> None:
        value = self._environment.get(name, "")
        if value.isascii() and value.isdigit() and 0 < int(value[:9]) < _LIKELY_SECONDS:
            text = "its value is milliseconds, as the specification says; so little is likely meant as seconds"
            self._problems.note(f"{name}: {text}")

    def with_sampler(self, root: Mapping) -> Mapping:
        name = "OTEL_TRACES_SAMPLER"
        value = self._environment.get(name, "").strip().lower()
        base = value.removeprefix(_PARENT_BASED)
        if not value:
            return root
        if base not in _SAMPLERS:
            known = ", ".join((*_SAMPLERS, *(_PARENT_BASED + word for word in _SAMPLERS)))
            self._problems.note(f"{name}: its value is not known here; write one of {known}; the default holds")
            return root
        sampler = self._map(**{base: None})
        if base == "traceidratio":
            ratio = self._of_variable(f"{name}_ARG")
            sampler = self._map(trace_id_ratio_based=self._map(ratio=ratio) if ratio else None)
        if value != base:
            sampler = self._map(parent_based=self._map(root=sampler))
        provider = root.get("tracer_provider")
        if not isinstance(provider, Mapping):
            provider = self._map(processors=Sequence(self._position, may_be_empty=True))
        return self._with(root, tracer_provider=self._with(provider, sampler=sampler))

    def with_http(self, root: Mapping, side: str) -> Mapping:
        """Give the options of ``http_server`` or ``http_client`` that the file leaves out, here and in ``general``."""
        listed = {
            "request_captured_headers": f"{_CAPTURE}{side.upper()}_REQUEST",
            "response_captured_headers": f"{_CAPTURE}{side.upper()}_RESPONSE",
            "redacted_headers": f"{_CAPTURE}SANITIZE_FIELDS",
        }
        found: dict[str, Node | None] = {}
        for option, name in listed.items():
            words = [word.strip() for word in self._environment.get(name, "").split(",")]
            items = tuple(self._scalar(name, word) for word in words if word)
            if items and not _below(root, _INSTRUMENTATION, "general", "http", side, option):
                found[option] = Sequence(self._position, items)
        own = f"OTEL_PYTHON_HTTP_{side.upper()}_EXCLUDED_URLS"
        found["excluded_urls"] = self._of_variable(own) or self._of_variable(_EXCLUDED_URLS)
        path = (_INSTRUMENTATION, "python", f"http_{side}")
        new: dict[str, Node | None] = {
            key: node for key, node in found.items() if node and not _below(root, *path, key)
        }
        return self._with_below(root, path, new) if new else root

    def _with_below(self, mapping: Mapping, path: tuple[str, ...], new: dict[str, Node | None]) -> Mapping:
        if not path:
            return self._with(mapping, **new)
        old = mapping.get(path[0])
        if old is not None and not isinstance(old, Mapping):
            return mapping  # nothing, or a mistake of the file that the checker tells
        return self._with(mapping, **{path[0]: self._with_below(old or self._map(), path[1:], new)})

    def with_exporters(self, root: Mapping, signal: _Signal) -> Mapping:
        provider = root.get(signal.provider)
        listed = provider.get(signal.entries) if isinstance(provider, Mapping) else None
        if provider is not None and not isinstance(listed, Sequence):
            return root  # a mistake of the file; the checker tells it
        items = listed.items if isinstance(listed, Sequence) else ()
        chosen = self._chosen(signal)
        if chosen is None:
            if provider is None:
                return root
            kept = [new for item in items if (new := self._completed(item, signal, "")) is not None]
        else:
            kept = [item for kind in chosen for item in self._selected(items, signal, kind)]
        new = Sequence(listed.position if listed else self._position, tuple(kept), may_be_empty=bool(items) or not kept)
        old = provider if isinstance(provider, Mapping) else self._map()
        return self._with(root, **{signal.provider: self._with(old, **{signal.entries: new})})

    def _chosen(self, signal: _Signal) -> list[str] | None:
        """Give the exporters' kinds that a signal's variable chooses, '' for OTLP; None where it chooses nothing."""
        words = [word.strip().lower() for word in self._environment.get(signal.variable, "").split(",")]
        words = [word for word in words if word]
        if not words:
            return None
        if any(word not in (*_EXPORTERS, "none") for word in words):
            text = "its value is not known here; write otlp, console or none; the default holds"
            self._problems.note(f"{signal.variable}: {text}")
            return None
        return list(dict.fromkeys(_EXPORTERS[word] for word in words if word != "none"))

    def _selected(self, items: tuple[Node, ...], signal: _Signal, kind: str) -> list[Node]:
        """Give the file's own entries for an exporter that a variable chose, or one new entry."""
        is_otlp = kind != "console"
        kinds = _OTLP_KINDS if is_otlp else (kind,)
        found = [item for item in items if (exporter := _exporter_of(item)) and exporter.kind in kinds]
        if not found:
            like = next((item for item in items if _exporter_of(item)), None)
            new = self._map(exporter=self._map(**{kind or "otlp_http": None}))
            wrapper = next(iter(like.entries)) if isinstance(like, Mapping) else signal.wrapper
            settings = like.get(wrapper) if isinstance(like, Mapping) else None
            inner = (
                self._with(settings, exporter=new.entries["exporter"].node) if isinstance(settings, Mapping) else new
            )
            found = [self._map(**{wrapper: inner})]
        if not is_otlp:
            return found
        completed = [self._completed(item, signal, kind or "any") for item in found]
        return [item for item in completed if item is not None]

    def _completed(self, item: Node, signal: _Signal, asked: str) -> Node | None:
        """Complete an entry's OTLP exporter from the variables; None if nothing asks for it.

        Args:
            item: a processor or reader.
            signal: whose.
            asked: the kind that a variable asks for, ``any``, or empty if none asks.
        """
        exporter = _exporter_of(item)
        if exporter is None or exporter.kind not in _OTLP_KINDS or not _is_open(exporter.config.get("endpoint")):
            return item
        endpoint = exporter.config.get("endpoint")
        name = self._name(signal, "ENDPOINT")
        is_left_empty = isinstance(endpoint, Scalar) and bool(endpoint.references) and endpoint.value is None
        if not name and not asked and is_left_empty:
            return None
        kind = self._kind(signal, exporter.kind, asked)
        config = exporter.config
        entries = dict(config.entries)
        if name:
            url = self._environment[name].strip()
            is_base = kind == "otlp_http" and name == f"{_OTLP}ENDPOINT"
            scalar = self._scalar(name, http_endpoint(url, signal.name) if is_base else url)
            entries["endpoint"] = Entry(self._position, scalar)
        elif kind != exporter.kind or is_left_empty:
            entries.pop("endpoint", None)
        if kind != exporter.kind:
            entries.pop("encoding", None)
        config = self._with_details(config._replace(entries=entries), signal, kind)
        new = self._with(exporter.settings, exporter=self._map(**{kind: config}))
        return self._map(**{exporter.wrapper: new})

    def _kind(self, signal: _Signal, kind: str, asked: str) -> str:
        if asked in _OTLP_KINDS:
            return asked
        name = self._name(signal, "PROTOCOL")
        if name:
            word = self._environment[name].strip().lower()
            if word in _PROTOCOLS:
                return _PROTOCOLS[word]
            known = ", ".join(_PROTOCOLS)
            self._problems.note(f"{name}: its value is not known here; write one of {known}; the default holds")
        endpoint = self._name(signal, "ENDPOINT")
        return "otlp_grpc" if endpoint and port_of(self._environment[endpoint]) == GRPC_PORT else kind

    def _with_details(self, config: Mapping, signal: _Signal, kind: str) -> Mapping:
        details = {"headers_list": "HEADERS", "compression": "COMPRESSION", "timeout": "TIMEOUT"}
        files = {"ca_file": "CERTIFICATE", "key_file": "CLIENT_KEY", "cert_file": "CLIENT_CERTIFICATE"}
        if kind == "otlp_grpc":
            files["insecure"] = "INSECURE"
        if signal.name == "metrics":
            details["temporality_preference"] = "TEMPORALITY_PREFERENCE"
            details["default_histogram_aggregation"] = "DEFAULT_HISTOGRAM_AGGREGATION"
        config = self._filled(config, signal, details)
        tls = config.get("tls")
        filled = self._filled(tls if isinstance(tls, Mapping) else self._map(), signal, files)
        if filled.entries:
            config = self._with(config, tls=filled)
        name = self._name(signal, "PROTOCOL")
        if kind == "otlp_http" and name and self._environment[name].strip().lower() == "http/json":
            config = self._with(config, encoding=self._scalar(name, "json"))
        return config

    def _filled(self, config: Mapping, signal: _Signal, details: dict[str, str]) -> Mapping:
        """Take from the variables what a mapping leaves out."""
        found: dict[str, Node | None] = {}
        for key, suffix in details.items():
            present = config.get(key)
            name = self._name(signal, suffix)
            if name and _is_open(present):
                found[key] = self._of_variable(name)
        return self._with(config, **found)

    def _name(self, signal: _Signal, suffix: str) -> str:
        """Give the name of the variable that is set: the signal's own, else the general one."""
        for name in (f"{_OTLP}{signal.name.upper()}_{suffix}", f"{_OTLP}{suffix}"):
            if self._environment.get(name, "").strip():
                return name
        return ""

    def _of_variable(self, name: str) -> Scalar | None:
        value = self._environment.get(name, "").strip()
        return self._scalar(name, value) if value else None

    def _scalar(self, name: str, text: str) -> Scalar:
        text = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        return Scalar(self._position, resolve(text), text, f"${{{name}}}", None, (name,), (name,))

    def _map(self, **nodes: Node | None) -> Mapping:
        return self._with(Mapping(self._position), **nodes)

    def _with(self, mapping: Mapping, **nodes: Node | None) -> Mapping:
        new = {key: Entry(self._position, node or Scalar(self._position, None)) for key, node in nodes.items()}
        return mapping._replace(entries={**mapping.entries, **new})


def _below(root: Mapping, *path: str) -> Node | None:
    node: Node | None = root
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _exporter_of(item: Node) -> _Found | None:
    """Find the exporter of a processor or reader."""
    if not isinstance(item, Mapping) or len(item.entries) != 1:
        return None
    [(wrapper, entry)] = item.entries.items()
    settings = entry.node
    chosen = settings.get("exporter") if isinstance(settings, Mapping) else None
    if not isinstance(settings, Mapping) or not isinstance(chosen, Mapping) or len(chosen.entries) != 1:
        return None
    [(kind, inner)] = chosen.entries.items()
    if isinstance(inner.node, Mapping):
        return _Found(wrapper, settings, kind, inner.node)
    is_empty = isinstance(inner.node, Scalar) and inner.node.value is None
    return _Found(wrapper, settings, kind, Mapping(inner.node.position)) if is_empty else None


def _is_open(node: Node | None) -> bool:
    """Say whether a file leaves a value to the standard OTLP variables: it gives none, or refers to one of them."""
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return True
    return isinstance(node, Scalar) and any(name.startswith(_OTLP) for name in node.references)
