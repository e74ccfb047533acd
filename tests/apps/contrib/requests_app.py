"""Calls a server with requests."""

import sys
from urllib.parse import quote

import requests
from requests import get

URL = f"http://127.0.0.1:{sys.argv[1]}"
print(get(f"{URL}/items/{quote('ä b')}?q=1", timeout=5).text)
with requests.Session() as session:
    print(session.post(f"{URL}/items", json={"name": "pen"}, timeout=5).text)
    print(session.get(f"{URL}/status/404", timeout=5).status_code)
    print(session.get(f"{URL}/status/503", timeout=5).status_code)
try:
    requests.get("http://127.0.0.1:9/", timeout=5)
except requests.ConnectionError as error:
    print(type(error).__name__)
