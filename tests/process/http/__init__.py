"""``http.server`` and ``http.client`` of real programs."""
