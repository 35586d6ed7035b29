"""Operators by purpose. Each reads the context, calls one use case, and returns counts."""
