"""Settings of each part of the product, one small module a part."""
