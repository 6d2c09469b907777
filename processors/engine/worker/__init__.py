"""Workers of the cluster: the core over the partitions of a Kafka topic, hosted by Faust."""
