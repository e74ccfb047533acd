"""Lists the tables of a DynamoDB."""

import sys

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

session = botocore.session.get_session()
session.set_credentials("key", "secret")
client = session.create_client(
    "dynamodb", "eu-central-1", endpoint_url=f"http://127.0.0.1:{sys.argv[1]}", config=Config(retries={"max_attempts": 0})
)
print(client.list_tables(Limit=5)["TableNames"])
try:
    client.delete_table(TableName="nothing")
except ClientError as error:
    print(error.response["Error"]["Code"])
