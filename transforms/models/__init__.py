"""Strict pydantic models of the payloads: `base` holds what dialects share."""
