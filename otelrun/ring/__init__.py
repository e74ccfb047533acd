"""The ring: one memory-mapped file per process, written by the program and read by the agent.

``layout`` says where the bytes are, ``record`` what they mean; ``writer``, ``open_spans`` and ``recorder`` are the program's
side, ``reader`` the agent's; ``directory`` and ``recovery`` find the files, ``identity`` names processes.
"""
