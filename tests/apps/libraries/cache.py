"""Reads a key from a redis server, which is a stub of this same process."""

import socketserver
import threading

import redis

ANSWERS = {b"HELLO": b"-ERR unknown command\r\n", b"GET": b"$2\r\n42\r\n"}


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            words = []
            for _ in range(int(line[1:])):
                length = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(length + 2)[:-2])
            self.wfile.write(ANSWERS.get(words[0], b"+OK\r\n"))


server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
thread = threading.Thread(target=server.serve_forever, args=(0.01,))
thread.start()
client = redis.Redis(port=server.server_address[1], protocol=2)
try:
    print(client.get("stock"))
finally:
    client.close()
    server.shutdown()
    thread.join()
    server.server_close()
