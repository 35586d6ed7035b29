"""Frames and columns that several dialects share. A dialect picks what its payload has."""
