"""Asks a PostgreSQL server, one after the other and asynchronously."""

import asyncio
import sys

import psycopg
from psycopg import AsyncConnection

WHERE = f"host=127.0.0.1 port={sys.argv[1]} dbname=shop user=me sslmode=disable"
with psycopg.connect(WHERE, autocommit=True) as connection:
    with connection.cursor() as cursor:
        print(cursor.execute("SELECT answer FROM questions WHERE id = %s", (7,)).fetchone())
        cursor.execute("INSERT INTO questions VALUES (1)")
        print(cursor.rowcount)
    try:
        connection.execute("SELECT broken")
    except psycopg.Error as error:
        print(type(error).__name__)


async def main():
    async with await AsyncConnection.connect(WHERE, autocommit=True) as connection, connection.cursor() as cursor:
        await cursor.execute("SELECT answer FROM questions")
        print(await cursor.fetchone())


asyncio.run(main())
