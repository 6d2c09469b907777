"""`btswatch sink influx`: results, numbers and our own metrics as points of InfluxDB, for Grafana."""
