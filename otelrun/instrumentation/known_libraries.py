"""The libraries that upstream has instrumentations for. Data only: imports nothing.

From ``opentelemetry.instrumentation.bootstrap_gen``, with which tests/contract compares it, so that no name here is a guess:
names that look like upstream's have been taken by others. Left out is what otelrun sees without: ``grpc``, ``logging`` and the
like, of which it has instrumentations of its own, and ``requests`` and ``urllib3``, which send through ``http.client``.
"""

from __future__ import annotations

PREFIX = "opentelemetry-instrumentation-"

LIBRARIES: dict[str, str] = {
    "MySQLdb": "mysqlclient",
    "aio_pika": "aio-pika",
    "aiobotocore": "botocore",
    "aiohttp": "aiohttp-client",
    "aiohttp.web": "aiohttp-server",
    "aiokafka": "aiokafka",
    "aiopg": "aiopg",
    "asyncclick": "asyncclick",
    "asyncpg": "asyncpg",
    "boto3": "boto3sqs",
    "botocore": "botocore",
    "cassandra": "cassandra",
    "celery": "celery",
    "click": "click",
    "confluent_kafka": "confluent-kafka",
    "django": "django",
    "falcon": "falcon",
    "fastapi": "fastapi",
    "flask": "flask",
    "httpx": "httpx",
    "httpx2": "httpx",
    "jinja2": "jinja2",
    "kafka": "kafka-python",
    "mysql.connector": "mysql",
    "openai": "openai-v2",
    "pika": "pika",
    "psycopg": "psycopg",
    "psycopg2": "psycopg2",
    "pymemcache": "pymemcache",
    "pymongo": "pymongo",
    "pymssql": "pymssql",
    "pymysql": "pymysql",
    "pyramid": "pyramid",
    "redis": "redis",
    "remoulade": "remoulade",
    "sqlalchemy": "sqlalchemy",
    "sqlite3": "sqlite3",
    "starlette": "starlette",
    "structlog": "structlog",
    "tornado": "tornado",
    "tortoise": "tortoiseorm",
    "vertexai": "vertexai",
}
"""Module whose import says that a library is used → upstream's distribution, without ``PREFIX``."""
