"""What looks like a secret is masked in what is sent to others: by the names of attributes, in URLs, in words. Pure."""

from __future__ import annotations

import re
from typing import Any

MASK = "(masked)"

_NAMES_KEPT = 10_000

_NAME = (
    r"(?:authori[sz]ation|cookie|passw(?:or)?d|passwd|pwd|secret|token|api[-_.]?key|access[-_.]?key|private[-_.]?key"
    r"|credential|session[-_.]?id|signature)"
)
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
_HARMLESS_NAME = re.compile(r"[._](?:type|count|length|status|expiry|expires)$|tokens$", re.IGNORECASE)
_IN_TEXT = (
    (re.compile(rf"([?&;][^=&\s]{{0,60}}{_NAME}[^=&\s]{{0,60}}=)[^&#\s\"'<>]+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"(://[^/\s:@]{0,200}:)[^/\s@]+@"), rf"\1{MASK}@"),
    (re.compile(r"\b((?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}"), rf"\1{MASK}"),
    (re.compile(rf"(--?[\w-]{{0,40}}{_NAME}[\w-]{{0,40}}(?:=|\s+(?!-)))\S+", re.IGNORECASE), rf"\1{MASK}"),
)
_HINT = re.compile(r"[=@]|--|Bearer|Basic")


class Masking:
    """Masks, and counts what it has masked; with ``is_off`` it leaves all as it is."""

    def __init__(self, *, is_off: bool = False) -> None:
        """Begin with nothing masked."""
        self._is_off = is_off
        self._names: dict[str, bool] = {}
        self.masked = 0

    def attributes(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Mask texts of attributes that are named like a secret, and secrets in the texts of others."""
        return {name: self._value(value, is_secret=self._is_secret(name)) for name, value in attributes.items()}

    def _is_secret(self, name: str) -> bool:
        known = self._names.get(name)
        if known is None:
            known = not self._is_off and bool(_SECRET_NAME.search(name)) and not _HARMLESS_NAME.search(name)
            if len(self._names) < _NAMES_KEPT:
                self._names[name] = known
        return known

    def _value(self, value: Any, *, is_secret: bool) -> Any:
        if isinstance(value, str):
            if is_secret and value:
                self.masked += 1
                return MASK
            return self.text(value)
        if isinstance(value, list):
            return [self._value(item, is_secret=is_secret) for item in value]
        if isinstance(value, dict):
            return {k: self._value(v, is_secret=is_secret or self._is_secret(k)) for k, v in value.items()}
        return value

    def text(self, text: str) -> str:
        """Mask passwords in URLs, values of query parameters and options named like a secret, and bearer tokens."""
        if self._is_off or not _HINT.search(text):
            return text
        for pattern, replacement in _IN_TEXT:
            text, times = pattern.subn(replacement, text)
            self.masked += times
        return text

    def words(self, words: list[str]) -> list[str]:
        """Mask a command line: also the word that follows an option named like a secret."""
        found = []
        for before, word in zip(["", *words], words, strict=False):
            is_secret = before.startswith("-") and "=" not in before and self._is_secret(before)
            found.append(self._value(word, is_secret=is_secret and not word.startswith("-")))
        return found

    def document(self, value: Any) -> Any:
        """Mask the texts of a document, whatever its shape, by the names in it."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.document(item) for item in value]
        if isinstance(value, dict):
            return {name: self._member(name, item) for name, item in value.items()}
        return value

    def _member(self, name: str, value: Any) -> Any:
        if name == "attributes" and isinstance(value, dict):
            return self.attributes(value)
        if name == "command" and isinstance(value, list):
            return self.words(value)
        return self.document(value)
