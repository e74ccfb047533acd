"""What people see of a recorded run. Pure: rows in, models and text out; ``cli`` prints.

``tree`` orders a trace, ``phrases`` says how values read, ``text``, ``summary`` and ``report`` draw, ``document`` is the JSON for
scripts, ``facts`` is what both are made from, ``screen`` the terminal.
"""
