"""InfluxDB 2: writing ready lines, reading and deleting points, buckets and tasks kept in step with the written schema."""
