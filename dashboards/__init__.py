"""Screens: the console; later Grafana dashboards and reports."""
