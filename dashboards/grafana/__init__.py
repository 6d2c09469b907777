"""Grafana dashboards as code, and the way to a Grafana server."""
