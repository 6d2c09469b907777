"""The NOC's web console."""
