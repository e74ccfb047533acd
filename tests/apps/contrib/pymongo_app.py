"""Keeps orders in MongoDB."""

import sys

from pymongo import MongoClient
from pymongo.errors import OperationFailure

with MongoClient("127.0.0.1", int(sys.argv[1]), serverSelectionTimeoutMS=5000) as client:
    orders = client.shop.orders
    print(orders.insert_one({"name": "pen"}).acknowledged)
    print(orders.find_one({"name": "pen"}))
    try:
        orders.drop()
    except OperationFailure as error:
        print(error.code)
