"""Engines host the core on a source of events."""
