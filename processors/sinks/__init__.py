"""Sinks write results to where others read them; each is a consumer group of its own."""
