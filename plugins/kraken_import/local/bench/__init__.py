"""`make bench`: a large wave, where its CPU seconds go, and what would be the least."""
