"""Sends two messages through a queue to itself."""

import sys

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", int(sys.argv[1])))
channel = connection.channel()
channel.queue_declare(queue="orders")
for name in (b"pen", b"ink"):
    channel.basic_publish(exchange="", routing_key="orders", body=name)
received = []


def on_message(channel, method, properties, body):
    received.append(body)
    channel.basic_ack(method.delivery_tag)
    if len(received) == 2:
        channel.stop_consuming()


channel.basic_consume(queue="orders", on_message_callback=on_message)
channel.start_consuming()
print(received)
connection.close()
