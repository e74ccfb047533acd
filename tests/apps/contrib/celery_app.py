"""A task queue in memory, with a worker in a thread of this process."""

from celery import Celery
from celery.contrib.testing.worker import start_worker

app = Celery("shop", broker="memory://", backend="cache+memory://")
app.conf.broker_transport_options = {"polling_interval": 0.02}
app.conf.update(worker_hijack_root_logger=False, broker_connection_retry_on_startup=False)


@app.task(name="shop.order")
def order(name):
    return name.upper()


@app.task(name="shop.fail")
def fail():
    raise ValueError("sold out")


with start_worker(app, pool="solo", perform_ping_check=False, loglevel="CRITICAL"):
    print(order.delay("pen").get(timeout=20, interval=0.02))
    try:
        fail.delay().get(timeout=20, interval=0.02)
    except ValueError as error:
        print(error)
