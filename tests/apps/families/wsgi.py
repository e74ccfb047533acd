"""A WSGI application: does the job that the path names, and says which process did it."""

import os

import work


def application(environ, start_response):
    work.do(environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d" % os.getpid()]
