"""Ends N spans as fast as it can, in T threads at once.

Usage: burst.py N T. Says how many it has ended.
"""

import sys
import threading

from opentelemetry import trace

tracer = trace.get_tracer("loss")


def make(count, barrier):
    barrier.wait()
    for number in range(count):
        tracer.start_span("work", attributes={"number": number}).end()


def main():
    count, threads = int(sys.argv[1]), int(sys.argv[2])
    barrier = threading.Barrier(threads)
    workers = [threading.Thread(target=make, args=(count // threads, barrier)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(count // threads * threads)


if __name__ == "__main__":
    main()
