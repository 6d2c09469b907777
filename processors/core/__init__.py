"""The pure core: no clock, no I/O; everything is a function of events, registry and now."""
