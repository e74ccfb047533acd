"""A clinic's register, with mistakes: `python app.py --rounds 10` opens it, sends it visitors, and closes it.

`CLINIC_RELEASE=2` is the next release. Everything is in the standard library: http.server, sqlite3, logging.
"""

import argparse
import json
import logging
import os
import sqlite3
import sys
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

log = logging.getLogger("clinic")
RELEASE = os.environ.get("CLINIC_RELEASE", "1")
PATIENTS, VISITS_EACH = 400, 25


def open_register(path):
    """Make the register with its patients and their visits."""
    register = sqlite3.connect(path)
    register.execute("CREATE TABLE patient (id INTEGER PRIMARY KEY, name TEXT, phone TEXT)")
    register.execute("CREATE TABLE visit (id INTEGER PRIMARY KEY, patient INTEGER, day INTEGER, reason TEXT)")
    people = [(n, f"Patient {n}", None if n == 13 else f"+49 30 {n:05}") for n in range(1, PATIENTS + 1)]
    visits = [(n % PATIENTS + 1, n % 30, f"reason {n % 7}") for n in range(PATIENTS * VISITS_EACH)]
    register.executemany("INSERT INTO patient VALUES (?, ?, ?)", people)
    register.executemany("INSERT INTO visit (patient, day, reason) VALUES (?, ?, ?)", visits)
    register.commit()
    register.close()


def area_code(patient):
    return patient["phone"].split()[1]


class Clinic(BaseHTTPRequestHandler):
    def do_GET(self):
        word, _, rest = self.path.strip("/").partition("/")
        try:
            status, answer = 200, getattr(self, f"get_{word}")(rest)
        except Exception:
            log.exception("cannot answer %s", self.path)
            status, answer = 500, {"error": "sorry"}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def query(self, statement, *values):
        register = sqlite3.connect(self.server.path)
        try:
            cursor = register.cursor()
            cursor.row_factory = lambda cursor, row: dict(zip([column[0] for column in cursor.description], row))
            return cursor.execute(statement, values).fetchall()
        finally:
            register.close()

    def get_patients(self, number):
        (patient,) = self.query("SELECT * FROM patient WHERE id = ?", int(number))
        if not patient["phone"]:
            log.warning("patient %s has no phone number", number)
        return {**patient, "area": area_code(patient)}

    def get_today(self, _):
        visits = self.query("SELECT * FROM visit WHERE day = ? LIMIT 20", 7)
        if RELEASE == "2":  # the new release wants names as well
            for visit in visits:
                visit["name"] = self.query("SELECT name FROM patient WHERE id = ?", visit["patient"])[0]["name"]
        return visits

    def get_report(self, _):
        return self.query(
            "SELECT a.reason, count(*) AS pairs FROM visit a JOIN visit b ON a.reason = b.reason AND a.day + 1 = b.day"
            " WHERE a.id < 6000 GROUP BY a.reason"
        )

    def log_message(self, *_):
        """Stay quiet: the clinic has its own log."""


def visit(port, path):
    """Be a visitor."""
    connection = HTTPConnection("localhost", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--register", default="clinic.db", help="where to put the register; made anew")
    words = parser.parse_args()
    logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(name)s: %(message)s", level="INFO")
    if os.path.exists(words.register):
        os.remove(words.register)
    open_register(words.register)
    server = ThreadingHTTPServer(("localhost", 0), Clinic)
    server.path = words.register
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    log.info("the clinic is open, release %s", RELEASE)
    for number in range(1, words.rounds + 1):
        for path in (f"/patients/{number + 5}", "/today", "/report" if number % 5 == 0 else "/today"):
            visit(server.server_port, path)
    server.shutdown()
    log.info("the clinic is closed")


if __name__ == "__main__":
    main()
