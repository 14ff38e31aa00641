"""The HTTP API, a module for each kind of thing. docs/api.md describes it."""
