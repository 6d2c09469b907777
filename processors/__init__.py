"""From events to figures: the pure core, the engines that host it, the closing of days."""
