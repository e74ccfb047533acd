"""A report: the page and a run's data in one HTML file that asks nobody for anything. Pure but for what reads one.

Script and data are packed (raw deflate, base64), so nothing in them can be taken for markup; a small script unpacks the page's
own. The content security policy names both scripts and the styles by their hashes and allows nothing else, no network at all.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from otelrun.errors import ReportError
from otelrun.viewer.page.linking import link

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = '<meta name="generator" content="otelrun report">'

_ENTRY = "page.js"
_STYLE = re.compile(r'<link rel="stylesheet" href="([\w-]+\.css)">\n?')
_SCRIPT = re.compile(r'<script type="module" src="([\w-]+\.js)"></script>')
_HEAD = "<head>\n"
_DATA = re.compile(rb'<script type="application/octet-stream" id="otelrun-data">([A-Za-z0-9+/=\s]*)</script>')
_LARGEST = 512 * 1024 * 1024  # bytes of a report, and of its data unpacked

_LOADER = """\
(async () => {
  const packed = atob(document.getElementById("otelrun-page").textContent);
  const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.body.append(script);
})().catch((error) => {
  document.body.textContent = `This report needs a browser of 2023 or later (${error}).`;
});
"""


def report_html(static: Mapping[str, str], data: Mapping[str, Any]) -> str:
    """Make a report.

    Args:
        static: the page's files by name, ``index.html``, styles and modules.
        data: from ``packing``.

    Raises:
        ReportError: the page's files are not as they should be.
    """
    index = static["index.html"]
    names = _STYLE.findall(index)
    if not _SCRIPT.search(index) or not names or _HEAD not in index:
        message = "the page's index.html is not as it should be"
        raise ReportError(message)
    style = "\n".join(static[name] for name in names)
    modules = {name: text for name, text in static.items() if name.endswith(".js")}
    script = link(modules, _ENTRY)
    policy = (
        f"default-src 'none'; script-src {_hash(_LOADER)} {_hash(script)}; style-src {_hash(style)}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    head = f'{_HEAD}<meta http-equiv="Content-Security-Policy" content="{policy}">\n{MARK}\n'
    blocks = f"{_block('otelrun-data', _compact(data))}\n{_block('otelrun-page', script.encode())}\n<script>{_LOADER}</script>"
    html = index.replace(_HEAD, head, 1)
    html = _STYLE.sub("", html).replace("</head>", f"<style>{style}</style>\n</head>", 1)
    return _SCRIPT.sub(lambda _: blocks, html, count=1)


def _block(name: str, content: bytes) -> str:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(packer.compress(content) + packer.flush()).decode("ascii")
    return f'<script type="application/octet-stream" id="{name}">{packed}</script>'


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _compact(data: Any) -> bytes:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def data_of_report(path: str) -> dict[str, Any]:
    """Read the data of a report that somebody has sent. Nothing in the file is run or shown: only the data block is looked at.

    Args:
        path: the file.

    Returns:
        What ``packing`` had made of a run.

    Raises:
        ReportError: it cannot be read, is no report, or one of a newer otelrun.
    """
    try:
        with open(path, "rb") as file:
            found = _DATA.search(file.read(_LARGEST))
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise ReportError(message) from error
    if found is None:
        message = f"{path}: no report of otelrun"
        raise ReportError(message)
    try:
        unpacker = zlib.decompressobj(-15)
        text = unpacker.decompress(base64.b64decode(found[1]), _LARGEST)
        data = None if unpacker.unconsumed_tail else json.loads(text)
    except (binascii.Error, zlib.error, ValueError, RecursionError) as error:
        message = f"{path}: the report is damaged ({error})"
        raise ReportError(message) from error
    if not isinstance(data, dict) or not isinstance(data.get("run"), str) or data.get("format") != 1:
        message = f"{path}: a report of another otelrun; upgrade otelrun"
        raise ReportError(message)
    return data
