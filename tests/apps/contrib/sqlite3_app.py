"""Keeps orders in SQLite."""

import sqlite3
from sqlite3 import connect

connection = connect(":memory:")
cursor = connection.cursor()
cursor.execute("CREATE TABLE orders (name TEXT, price INTEGER)")
cursor.executemany("INSERT INTO orders VALUES (?, ?)", [("pen", 3), ("ink", 5)])
connection.commit()
print(cursor.execute("SELECT sum(price) FROM orders WHERE price > ?", (1,)).fetchone())
try:
    cursor.execute("SELECT nothing FROM nowhere")
except sqlite3.OperationalError as error:
    print(error)
cursor.close()
connection.close()
