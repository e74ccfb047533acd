"""Calls a server with urllib3."""

import sys

import urllib3
from urllib3 import PoolManager

URL = f"http://127.0.0.1:{sys.argv[1]}"
with PoolManager(retries=False) as pool:
    print(pool.request("GET", f"{URL}/items?q=1").data)
    print(pool.request("POST", f"{URL}/status/404", body=b"x").status)
    try:
        pool.request("GET", "http://127.0.0.1:9/")
    except urllib3.exceptions.HTTPError as error:
        print(type(error).__name__)
