"""The real servers of the cluster on one machine, without containers: obtained, started, stopped."""
