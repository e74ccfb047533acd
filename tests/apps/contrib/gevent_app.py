"""Greenlets that call a server with requests."""

from gevent import monkey

monkey.patch_all()

import sys

import gevent
import requests
from urllib3.util.ssl_ import create_urllib3_context

URL = f"http://127.0.0.1:{sys.argv[1]}/items"
calls = [gevent.spawn(lambda: requests.get(URL, timeout=5).text) for _ in range(3)]
print([call.value for call in gevent.joinall(calls)])
print(type(create_urllib3_context()).__name__)
