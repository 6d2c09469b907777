"""Contracts: events, registry, results, settings, metrics and topics."""
