"""MongoDB: a stand-alone server that takes every insert, finds one document, and refuses to drop."""

from __future__ import annotations

import struct
from typing import Any

from tests.support.stubs.server import Connection, Stub

_OP_REPLY, _OP_QUERY, _OP_MSG = 1, 2004, 2013
_HELLO = {
    "helloOk": True,
    "isWritablePrimary": True,
    "ismaster": True,
    "maxBsonObjectSize": 16_777_216,
    "maxMessageSizeBytes": 48_000_000,
    "maxWriteBatchSize": 100_000,
    "minWireVersion": 0,
    "maxWireVersion": 21,
    "readOnly": False,
    "ok": 1.0,
}
_ANSWERS: dict[str, dict[str, Any]] = {
    "insert": {"n": 1, "ok": 1.0},
    "find": {"cursor": {"firstBatch": [{"answer": 42}], "id": 0, "ns": "shop.orders"}, "ok": 1.0},
    "drop": {"ok": 0.0, "errmsg": "not allowed", "code": 13, "codeName": "Unauthorized"},
}


def bson(document: dict[str, Any]) -> bytes:
    """Encode a document of booleans, integers, floats, text, documents and lists."""
    body = b"".join(_element(name, value) for name, value in document.items())
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def _element(name: str, value: Any) -> bytes:
    key = name.encode() + b"\0"
    if isinstance(value, bool):
        return b"\x08" + key + bytes([value])
    if isinstance(value, int):
        return b"\x12" + key + struct.pack("<q", value)
    if isinstance(value, float):
        return b"\x01" + key + struct.pack("<d", value)
    if isinstance(value, str):
        text = value.encode() + b"\0"
        return b"\x02" + key + struct.pack("<i", len(text)) + text
    if isinstance(value, list):
        return b"\x04" + key + bson({str(index): item for index, item in enumerate(value)})
    return b"\x03" + key + bson(value)


class _Connection(Connection):
    def converse(self) -> None:
        while True:
            size, request, _, kind = struct.unpack("<iiii", self.read(16))
            body = self.read(size - 16)
            if kind == _OP_QUERY:
                self._send(request, _OP_REPLY, struct.pack("<iqii", 8, 0, 0, 1) + bson(_HELLO))
                continue
            name = body[10 : body.index(b"\0", 10)].decode()  # flags, kind of section, size, type, name of the command
            answer = _HELLO if name in ("hello", "ismaster") else _ANSWERS.get(name, {"ok": 1.0})
            if not body[0] & 2:  # more is to come, and no answer
                self._send(request, _OP_MSG, struct.pack("<ib", 0, 0) + bson(answer))

    def _send(self, request: int, kind: int, body: bytes) -> None:
        self.write(struct.pack("<iiii", len(body) + 16, 1, request, kind) + body)


class MongoStub(Stub):
    """The server."""

    connection = _Connection
