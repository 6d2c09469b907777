"""Traps and informs: datagrams into the journal first, decoded from there."""
