"""A real OTLP receiver on loopback, over HTTP and gRPC, that decodes what arrives and behaves as badly as asked.

    with OtlpSink() as sink:
        run_otelrun([...], env={"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint})
        wait_for(lambda: len(sink.spans()) == 3, 10)

The gRPC server starts when ``grpc_endpoint`` is first asked for, or at once where a port was given for it.
"""

from __future__ import annotations

import contextlib
import gzip
import itertools
import socket
import struct
import threading
import time
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.support import otlp_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from typing_extensions import Self

    from tests.support.otlp_rows import LogRow, MetricRow, ResourceRow, SpanRow

_GRPC_SERVICES = {
    "opentelemetry.proto.collector.trace.v1.TraceService": "traces",
    "opentelemetry.proto.collector.logs.v1.LogsService": "logs",
    "opentelemetry.proto.collector.metrics.v1.MetricsService": "metrics",
}
_GRPC_CODES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "UNIMPLEMENTED"}
_GRPC_CODES |= {
    413: "RESOURCE_EXHAUSTED",
    429: "RESOURCE_EXHAUSTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_HANG_LIMIT_S = 120.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger
_guards: list[socket.socket] = []
_connection_numbers = itertools.count()


def free_port() -> int:
    """Give a loopback port that nothing listens on, and that stays free for a sink of this process to come up on.

    A bound socket that never listens refuses connections and keeps the port from everybody who asks for any port.
    """
    guard = socket.socket()
    guard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    guard.bind(("127.0.0.1", 0))
    _guards.append(guard)
    port: int = guard.getsockname()[1]
    return port


@dataclass(frozen=True)
class Behaviour:
    """How the sink answers.

    Attributes:
        status: HTTP status; over gRPC the code that the specification maps to it. 200 means accept.
        retry_after_s: sent with a failure as ``Retry-After`` (HTTP only).
        hang: take the request and answer nothing until the behaviour changes or the sink stops.
        hold: take the request, and answer it when the behaviour changes or the sink stops.
        close: close the connection without an answer (gRPC: end the call as unavailable).
        reset: the same, in the way of a crashed peer: TCP RST.
        largest: bytes of a request on the wire; a larger one gets 413. 0 means any size.
        rejected: accept, and claim in ``partial_success`` that so many records were rejected.
    """

    status: int = 200
    retry_after_s: int | None = None
    hang: bool = False
    hold: bool = False
    close: bool = False
    reset: bool = False
    largest: int = 0
    rejected: int = 0

    @property
    def is_silent(self) -> bool:
        """Whether no answer is given at all."""
        return self.hang or self.close or self.reset


@dataclass(frozen=True)
class RequestRow:
    """One request as it arrived, accepted or not.

    Header (metadata) names are in lower case, ``size`` is bytes on the wire, ``at_s`` monotonic seconds of the arrival,
    ``connection`` names the connection it came by.
    """

    transport: str
    signal: str
    path: str
    headers: dict[str, str]
    size: int
    status: int
    connection: str = ""
    at_s: float = 0.0


class OtlpSink:
    """The receiver. Rows come out in the order of arrival; only accepted requests are kept as telemetry."""

    def __init__(
        self, *, http_port: int = 0, grpc_port: int | None = None, is_counting: bool = False, **behaviour: Any
    ) -> None:
        """Prepare; nothing listens before ``start``.

        Args:
            http_port: 0 for a free one.
            grpc_port: None starts gRPC only when it is asked for; 0 for a free one.
            is_counting: keep no telemetry, only ``counts`` and ``span_ids``: for floods.
            behaviour: fields of ``Behaviour`` to begin with.
        """
        self._http_port = http_port
        self._grpc_port = grpc_port
        self._behaviour = (Behaviour(**behaviour), threading.Event())  # the event is set when it is no longer so
        self._lock = threading.Lock()
        self._is_counting = is_counting
        self._accepted: list[tuple[str, Any]] = []
        self._counts: Counter[str] = Counter()
        self._span_ids: list[tuple[str, list[bytes]]] = []
        self._requests: list[RequestRow] = []
        self._http: ThreadingHTTPServer | None = None
        self._grpc: Any = None

    def start(self) -> Self:
        """Listen."""
        server = _HttpServer(("127.0.0.1", self._http_port), _OtlpHandler)
        server.sink = self
        self._http_port = server.server_address[1]
        self._http = server
        threading.Thread(target=server.serve_forever, args=(0.02,), name="otlp-sink", daemon=True).start()
        if self._grpc_port is not None:
            self._start_grpc()
        return self

    def stop(self) -> None:
        """Stop listening, let hanging requests go, answer those that were taken and close their connections.

        What arrived stays readable, and ``start`` listens again on the same ports.
        """
        self._behaviour[1].set()
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
            self._http.close_connections()
            self._http = None
        if self._grpc is not None:
            self._grpc.stop(0).wait(5)
            self._grpc = None

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def behave(self, **behaviour: Any) -> None:
        """Answer so from now on (fields of ``Behaviour``; none: accept everything); lets hanging requests go."""
        _, changed = self._behaviour
        self._behaviour = (Behaviour(**behaviour), threading.Event())
        changed.set()

    @contextlib.contextmanager
    def flapping(self, states: Sequence[Behaviour | None], each_s: float) -> Iterator[None]:
        """Go through ``states`` again and again while the block runs; listen and accept everything after it.

        Args:
            states: how to answer; None: do not listen.
            each_s: how long each state lasts.
        """
        is_over = threading.Event()
        flapper = threading.Thread(target=self._flap, args=(states, each_s, is_over), name="otlp-sink-flapping")
        flapper.start()
        try:
            yield
        finally:
            is_over.set()
            flapper.join()
            if self._http is None:
                self.start()
            self.behave()

    def _flap(self, states: Sequence[Behaviour | None], each_s: float, is_over: threading.Event) -> None:
        for state in itertools.cycle(states):
            if state is None:
                self.stop()
            else:
                if self._http is None:
                    self.start()
                self.behave(**vars(state))
            if is_over.wait(each_s):
                return

    @property
    def http_endpoint(self) -> str:
        """The base URL for OTLP/HTTP, e.g. ``http://127.0.0.1:41234``."""
        return f"http://127.0.0.1:{self._http_port}"

    @property
    def grpc_endpoint(self) -> str:
        """The URL for OTLP/gRPC (plain text)."""
        if self._grpc is None:
            self._start_grpc()
        return f"http://127.0.0.1:{self._grpc_port}"

    def spans(self) -> list[SpanRow]:
        """All spans so far."""
        return [row for request in self._of("traces") for row in otlp_rows.span_rows(request)]

    def logs(self) -> list[LogRow]:
        """All log records so far."""
        return [row for request in self._of("logs") for row in otlp_rows.log_rows(request)]

    def metrics(self) -> list[MetricRow]:
        """All metrics so far, one row per metric and export."""
        return [row for request in self._of("metrics") for row in otlp_rows.metric_rows(request)]

    def resources(self) -> list[ResourceRow]:
        """The distinct resources so far, with the signal that carried them."""
        with self._lock:
            accepted = list(self._accepted)
        rows: list[ResourceRow] = []
        for signal, request in accepted:
            for row in otlp_rows.resource_rows(signal, request):
                if row not in rows:  # one request may hold several parts of one resource
                    rows.append(row)
        return rows

    def counts(self) -> dict[str, int]:
        """How many spans (``traces``), log records (``logs``) and metrics (``metrics``) came so far."""
        with self._lock:
            return {signal: self._counts[signal] for signal in otlp_rows.REQUESTS}

    def span_ids(self) -> list[bytes]:
        """The ids of all spans so far."""
        return [span_id for ids in self.span_requests().values() for request in ids for span_id in request]

    def span_requests(self) -> dict[str, list[list[bytes]]]:
        """The ids of the spans of each accepted request, by connection: only the last of one can be without an answer."""
        requests: dict[str, list[list[bytes]]] = {}
        with self._lock:
            for connection, ids in self._span_ids:
                requests.setdefault(connection, []).append(ids)
        return requests

    def requests(self) -> list[RequestRow]:
        """All requests so far, refused ones too."""
        with self._lock:
            return list(self._requests)

    def receive(self, row: RequestRow, parse: Callable[[], Any]) -> tuple[Behaviour, str]:
        """Take one request (for the servers): note it, wait where hanging is asked for, keep it where it is accepted.

        Returns:
            The behaviour to answer with, and what is wrong with the request (then the status is 400).
        """
        behaviour, changed = self._behaviour
        problem = ""
        message = None
        if behaviour.largest and row.size > behaviour.largest:
            behaviour = Behaviour(status=413)
        if behaviour.status == 200 and not behaviour.is_silent:
            try:
                message = parse()
            except ValueError as error:
                problem = str(error)
                behaviour = Behaviour(status=400)
        with self._lock:
            self._requests.append(replace(row, status=behaviour.status, at_s=time.monotonic()))
            if message is not None:
                self._counts[row.signal] += otlp_rows.count(row.signal, message)
                if row.signal == "traces":
                    self._span_ids.append((row.connection, otlp_rows.span_ids(message)))
                if not self._is_counting:
                    self._accepted.append((row.signal, message))
        if behaviour.hang or behaviour.hold:
            changed.wait(_HANG_LIMIT_S)
        return behaviour, problem

    def _of(self, wanted: str) -> list[Any]:
        with self._lock:
            return [request for signal, request in self._accepted if signal == wanted]

    def _start_grpc(self) -> None:
        import grpc

        server = grpc.server(ThreadPoolExecutor(4, "otlp-sink-grpc"), options=[("grpc.so_reuseport", 0)])
        for service, signal in _GRPC_SERVICES.items():
            handler = grpc.unary_unary_rpc_method_handler(
                _GrpcExport(self, signal, f"/{service}/Export"),
                response_serializer=lambda message: message.SerializeToString(),
            )
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": handler}),))
        self._grpc_port = server.add_insecure_port(f"127.0.0.1:{self._grpc_port or 0}")
        server.start()
        self._grpc = server


class _GrpcExport:
    """The one method of an OTLP/gRPC service, on undecoded bytes."""

    def __init__(self, sink: OtlpSink, signal: str, path: str) -> None:
        self._sink = sink
        self._signal = signal
        self._path = path

    def __call__(self, body: bytes, context: Any) -> Any:
        import grpc

        headers = {str(k): v if isinstance(v, str) else v.hex() for k, v in context.invocation_metadata()}
        row = RequestRow("grpc", self._signal, self._path, headers, len(body), 0, context.peer())
        behaviour, problem = self._sink.receive(
            row, lambda: otlp_rows.parse(self._signal, "application/x-protobuf", body)
        )
        if behaviour.is_silent:
            context.abort(grpc.StatusCode.UNAVAILABLE, "told to fail")
        if behaviour.status != 200:
            context.abort(grpc.StatusCode[_GRPC_CODES.get(behaviour.status, "INTERNAL")], problem or "told to fail")
        return _response(self._signal, behaviour)


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    sink: OtlpSink

    def __init__(self, *arguments: Any) -> None:
        self._connections: set[socket.socket] = set()
        self._ended = threading.Condition()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._ended:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._ended:
            self._connections.discard(request)
            self._ended.notify_all()

    def close_connections(self) -> None:
        """Take no further request on any connection; one that was taken is still answered. Returns when all are closed."""
        with self._ended:
            for connection in self._connections:
                with contextlib.suppress(OSError):  # the client closed it
                    connection.shutdown(socket.SHUT_RD)
            self._ended.wait_for(lambda: not self._connections, 5)

    def handle_error(self, *_: object) -> None:
        """A client that went away is what some tests are about."""


class _OtlpHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _HttpServer

    def setup(self) -> None:
        super().setup()
        self._connection_name = f"http:{next(_connection_numbers)}"

    def do_POST(self) -> None:
        body = b"".join(self._body())
        signal = self.path.removeprefix("/v1/")
        if signal not in otlp_rows.REQUESTS:
            self._answer(404, b"")
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        row = RequestRow("http", signal, self.path, headers, len(body), 0, self._connection_name)
        content_type = headers.get("content-type", "")
        encoding = headers.get("content-encoding", "")
        behaviour, problem = self.server.sink.receive(
            row, lambda: otlp_rows.parse(signal, content_type, _decompress(body, encoding))
        )
        if behaviour.is_silent:
            self.close_connection = True
            if behaviour.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                self.connection.close()
        elif behaviour.status == 200:
            self._answer(200, _response(signal, behaviour).SerializeToString())
        else:
            self._answer(behaviour.status, problem.encode(), behaviour.retry_after_s)

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            yield self.rfile.read(int(self.headers.get("content-length", 0)))
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _answer(self, status: int, body: bytes, retry_after_s: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(body)))
        if retry_after_s is not None:
            self.send_header("Retry-After", str(retry_after_s))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


def _response(signal: str, behaviour: Behaviour) -> Any:
    response = otlp_rows.RESPONSES[signal]()
    if behaviour.rejected:
        field = {"traces": "rejected_spans", "logs": "rejected_log_records", "metrics": "rejected_data_points"}[signal]
        setattr(response.partial_success, field, behaviour.rejected)
        response.partial_success.error_message = "told to reject"
    return response


def _decompress(body: bytes, encoding: str) -> bytes:
    try:
        if encoding == "gzip":
            return gzip.decompress(body)
        if encoding == "deflate":
            return zlib.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"not {encoding}: {error}") from error
    if encoding in ("", "identity"):
        return body
    raise ValueError(f"content encoding {encoding!r}")
