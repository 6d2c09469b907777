"""How Kafka is reached, and its topics."""
