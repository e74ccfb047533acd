"""The names of the RPC semantic conventions, and the readers of gRPC's addresses. No OpenTelemetry, no gRPC import.

The names are those of semantic conventions 1.41 to 1.44, which the installed constants package calls current;
``tests/contract/test_semantic_conventions.py`` compares them.
"""

from __future__ import annotations

from functools import lru_cache

ERROR_TYPE = "error.type"
NETWORK_PEER_ADDRESS = "network.peer.address"
NETWORK_PEER_PORT = "network.peer.port"
RPC_METHOD = "rpc.method"
RPC_METHOD_ORIGINAL = "rpc.method_original"
RPC_RESPONSE_STATUS_CODE = "rpc.response.status_code"
RPC_SYSTEM_NAME = "rpc.system.name"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"

RPC_CLIENT_CALL_DURATION = "rpc.client.call.duration"
RPC_SERVER_CALL_DURATION = "rpc.server.call.duration"
DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

SYSTEM = "grpc"
OTHER_METHOD = "_OTHER"
OK = "OK"
CANCELLED = "CANCELLED"
DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
UNIMPLEMENTED = "UNIMPLEMENTED"
UNKNOWN = "UNKNOWN"

SERVER_ERRORS = frozenset((UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, "INTERNAL", "UNAVAILABLE", "DATA_LOSS"))
"""The status codes that are the server's own fault; to the client every code but OK is an error."""

_HOST_SCHEMES = ("dns", "ipv4", "ipv6", "passthrough")
_CACHED = 512  # of each kind; what comes over the network is unbounded


def _split_port(text: str) -> tuple[str, int | None]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or (":" in host and not host.endswith("]")):
        host, port = text, ""
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    return host, int(port) if port else None


@lru_cache(_CACHED)
def server_of_target(target: str) -> tuple[str, int | None]:
    """Give ``server.address`` and ``server.port`` for the target a channel was made with.

    Args:
        target: as in https://grpc.github.io/grpc/core/md_doc_naming.html, for example ``dns:///example.com:443``.

    Returns:
        Host and port; the socket's path for ``unix:``; the whole target where it names no single host.
    """
    scheme, colon, rest = target.partition(":")
    if colon and scheme in ("unix", "unix-abstract"):
        return rest.removeprefix("//"), None
    if "," in target:
        return target, None
    if colon and scheme in _HOST_SCHEMES:
        if rest.startswith("//"):  # an authority (the name server to ask) comes before the name
            rest = rest[2:].partition("/")[2]
        return _split_port(rest)
    return (target, None) if "://" in target else _split_port(target)


@lru_cache(_CACHED)
def server_of_authority(authority: str) -> tuple[str, int | None]:
    """Give ``server.address`` and ``server.port`` for the ``:authority`` a client asked for."""
    return _split_port(authority)


@lru_cache(_CACHED)
def peer_attributes(peer: str) -> dict[str, str | int]:
    """Give the ``network.peer`` attributes for gRPC's text of a peer, for example ``ipv4:127.0.0.1:50051``.

    The dictionary is shared: copy, do not change.
    """
    scheme, _, rest = peer.partition(":")
    if scheme == "unix":
        return {NETWORK_PEER_ADDRESS: rest} if rest else {}
    if scheme not in ("ipv4", "ipv6"):
        return {}
    address, port = _split_port(rest.replace("%5B", "[").replace("%5D", "]"))
    return {NETWORK_PEER_ADDRESS: address} if port is None else {NETWORK_PEER_ADDRESS: address, NETWORK_PEER_PORT: port}


@lru_cache(_CACHED)
def call_attributes(method: str, address: str, port: int | None) -> dict[str, str | int]:
    """Give the attributes a span of this call starts with. The dictionary is shared: copy, do not change.

    Args:
        method: ``package.Service/Method``.
        address: ``server.address``, empty where not known.
        port: ``server.port``, None where not known.
    """
    attributes: dict[str, str | int] = {RPC_SYSTEM_NAME: SYSTEM, RPC_METHOD: method}
    if address:
        attributes[SERVER_ADDRESS] = address
        if port is not None:
            attributes[SERVER_PORT] = port
    return attributes
