"""The parts of the product as processes: each module wires one part from the settings."""
