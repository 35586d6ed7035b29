"""The rules that need neither a database nor a network: states, policies, and what must not be shown."""
