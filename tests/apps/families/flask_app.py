"""A Flask application: does the job that the path names, and says which process did it."""

import os

import flask

import work

app = flask.Flask(__name__)


@app.get("/<job>")
def do(job):
    work.do(f"/{job}")
    return str(os.getpid())
