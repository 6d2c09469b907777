"""From the journal to Kafka: every event once acknowledged by all copies, in order per element."""
