"""What a run's records amount to: its requests, its endpoints, its failures. Pure but for the reading of a store.

Terminal and page, live or from a file, show these and no figures of their own.
"""
