"""The page: a run seen in the browser, served on loopback or written into one file. Never a socket beyond this machine.

``access`` says who may ask, ``routes`` what is asked for, ``answers`` gives it from ``documents_*``; ``server`` is the wire.
``linking``, ``packing`` and ``report_file`` make the same page one file. ``static`` is the page itself.
"""
