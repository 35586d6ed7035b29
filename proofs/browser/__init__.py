"""A real browser for the console's journeys: the system's Chromium, or a pinned one from package indexes."""
