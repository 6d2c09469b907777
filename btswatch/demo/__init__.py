"""The demonstration: a province that is made up, on the product's own entrances and with its own core."""
