"""What people see of a recorded run. Pure but for the server: rows in, models, text and JSON out; ``cli`` prints.

``analysis`` says what a run's spans amount to, ``tree`` orders a trace, ``phrases`` says how values read, ``facts`` is what is
shown, ``document`` the JSON of it for scripts; ``terminal`` draws it as text.
"""
