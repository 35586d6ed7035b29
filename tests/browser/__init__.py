"""The console in a real browser: its pages as a person has them."""
