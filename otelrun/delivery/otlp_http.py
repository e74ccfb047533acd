"""The transport for OTLP over HTTP: one kept connection, the standard library's client.

``http.client`` and not requests: a tenth of the memory and of the import time, in a process that every run has.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from otelrun import __version__
from otelrun.delivery import answers
from otelrun.delivery.answers import Answer
from otelrun.delivery.kept import KeptConnection

if TYPE_CHECKING:
    import ssl

    from otelrun.delivery.kept import Keeping
    from otelrun.delivery.retry import Outcome
    from otelrun.profile.model import Exporter, Tls

_GZIP = 16 + zlib.MAX_WBITS


class OtlpHttp:
    """Posts requests to one URL."""

    def __init__(self, exporter: Exporter, signal: str, keeping: Keeping | None = None) -> None:
        """Prepare; nothing is connected yet.

        Args:
            exporter: of the profile.
            signal: ``spans``, ``logs`` or ``metrics``.
            keeping: has the connection kept for a next agent; None where there is nobody to keep it. Not with TLS.

        Raises:
            OSError: a TLS file cannot be read.
            ValueError: the endpoint is not an http or https URL.
        """
        self._signal = signal
        self._is_json = exporter.encoding == "json"
        self._is_gzip = exporter.compression == "gzip"
        self._timeout_s = exporter.timeout_ms / 1000 or None
        url = urlsplit(exporter.endpoint)
        if url.scheme not in ("http", "https") or not url.hostname:
            message = f"not an http or https URL: {exporter.endpoint}"
            raise ValueError(message)
        self._host, self._port = url.hostname, url.port
        self._target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        self._tls = _tls_context(exporter.tls) if url.scheme == "https" else None
        self._headers = {
            "Content-Type": "application/json" if self._is_json else "application/x-protobuf",
            "User-Agent": f"otelrun/{__version__}",
        }
        if self._is_gzip:
            self._headers["Content-Encoding"] = "gzip"
        if url.username:
            self._headers["Authorization"] = _basic(url.username, url.password)
        self._headers.update(exporter.headers)
        self._connection = self._connect(url.scheme, keeping)

    def _connect(self, scheme: str, keeping: Keeping | None) -> HTTPConnection:
        proxy = None if proxy_bypass(self._host) else getproxies().get(scheme)
        host, port = self._host, self._port
        headers: dict[str, str] = {}
        if proxy:
            via = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
            host, port = via.hostname or "", via.port
            if via.username:
                headers["Proxy-Authorization"] = _basic(via.username, via.password)
        connection: HTTPConnection
        if self._tls is not None:
            connection = HTTPSConnection(host, port, timeout=self._timeout_s, context=self._tls)
            if proxy:
                connection.set_tunnel(self._host, self._port, headers)
            return connection
        if keeping is not None:
            connection = KeptConnection(host, port, self._timeout_s, keeping)
        else:
            connection = HTTPConnection(host, port, timeout=self._timeout_s)
        if proxy:
            authority = self._host if self._port is None else f"{self._host}:{self._port}"
            self._target = f"http://{authority}{self._target}"
            self._headers.update({**headers, "Host": authority})
        return connection

    def send(self, data: bytes) -> Outcome:
        """Post one request; see ``channel.Transport``."""
        body = self._body(data)
        is_reused = self._connection.sock is not None
        try:
            return self._post(body)
        except (ConnectionError, HTTPException):
            self._connection.close()
            if not is_reused:
                raise
        return self._post(body)  # the server had closed the kept connection meanwhile

    def forget(self) -> None:
        """Take the last answer off a connection that is kept; see ``channel.Transport``."""
        if isinstance(self._connection, KeptConnection):
            self._connection.forget()

    def _body(self, data: bytes) -> bytes:
        if self._is_json:
            from otelrun.delivery.otlp_json import to_json  # noqa: PLC0415 - loads protobuf

            data = to_json(self._signal, data).encode()
        if self._is_gzip:
            packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
            data = packer.compress(data) + packer.flush()
        return data

    def _post(self, body: bytes) -> Outcome:
        try:
            if isinstance(self._connection, KeptConnection):
                answer = self._connection.post(self._target, body, self._headers)
            else:
                answer = self._exchange(body)
        except BaseException:
            self._connection.close()
            raise
        return answers.judge(answer, is_json=self._is_json)

    def _exchange(self, body: bytes) -> Answer:
        self._connection.request("POST", self._target, body, self._headers)
        response = self._connection.getresponse()
        answer = Answer(response.status, response.headers.get("Retry-After"), response.read(answers.LONGEST_BODY))
        if response.read(1):
            self._connection.close()
        return answer


def _basic(user: str, password: str | None) -> str:
    credentials = f"{unquote(user)}:{unquote(password or '')}"
    return "Basic " + b64encode(credentials.encode()).decode("ascii")


def _tls_context(tls: Tls) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415 - 6 MB, for https alone

    context = ssl.create_default_context(cafile=tls.ca_file)
    if not tls.ca_file and not context.cert_store_stats()["x509_ca"] and not ssl.get_default_verify_paths().capath:
        import certifi  # noqa: PLC0415 - a system without certificates of its own

        context.load_verify_locations(certifi.where())
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return context
