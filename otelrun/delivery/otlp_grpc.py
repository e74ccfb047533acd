"""The transport for OTLP over gRPC: one channel, bytes in and bytes out, so that no message is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import grpc

from otelrun import __version__
from otelrun.delivery import retry

if TYPE_CHECKING:
    from otelrun.profile.model import Exporter, Tls

_METHODS = {
    "spans": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}
_RECONNECT_MS = 500


class OtlpGrpc:
    """Calls ``Export`` of one collector service."""

    def __init__(self, exporter: Exporter, signal: str) -> None:
        """Prepare; gRPC connects at the first call.

        Raises:
            OSError: a TLS file cannot be read.
        """
        url = urlsplit(exporter.endpoint if "://" in exporter.endpoint else f"//{exporter.endpoint}")
        is_plain = url.scheme == "http" or (url.scheme != "https" and bool(exporter.tls.insecure))
        target = url.netloc or exporter.endpoint
        options = [
            ("grpc.primary_user_agent", f"otelrun/{__version__}"),
            ("grpc.max_reconnect_backoff_ms", _RECONNECT_MS),
            ("grpc.initial_reconnect_backoff_ms", _RECONNECT_MS),
            ("grpc.enable_retries", 0),
        ]
        compression = grpc.Compression.Gzip if exporter.compression == "gzip" else grpc.Compression.NoCompression
        if is_plain:
            self._channel: Any = grpc.insecure_channel(target, options, compression)
        else:
            self._channel = grpc.secure_channel(target, _credentials(exporter.tls), options, compression)
        self._export = self._channel.unary_unary(_METHODS[signal])
        self._metadata = tuple((name.lower(), value) for name, value in exporter.headers)
        self._timeout_s = exporter.timeout_ms / 1000 or None

    def send(self, data: bytes) -> retry.Outcome:
        """Call ``Export``; see ``channel.Transport``."""
        try:
            answer: bytes = self._export(data, timeout=self._timeout_s, metadata=self._metadata)
        except grpc.RpcError as error:
            trailers = dict(error.trailing_metadata() or ())
            details = (error.details() or "").splitlines()
            return retry.of_grpc(
                error.code().name, details[0] if details else "", trailers.get("grpc-status-details-bin")
            )
        return retry.delivered(*retry.partial_success(answer))

    def forget(self) -> None:
        """Nothing to let go of; see ``channel.Transport``."""


def _credentials(tls: Tls) -> Any:
    return grpc.ssl_channel_credentials(_read(tls.ca_file), _read(tls.key_file), _read(tls.cert_file))


def _read(path: str | None) -> bytes | None:
    if path is None:
        return None
    with open(path, "rb") as file:
        return file.read()
