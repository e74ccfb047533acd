"""The agent: the process beside the program that reads its rings, fills the store and delivers.

``process`` and ``detach`` bring it up in the launcher; ``loop`` follows one run to its end; ``work`` is what is done for a
run, live or left behind; ``leftovers`` and ``retention`` look after other runs; ``owners`` knows who is still alive.
"""
