"""Enterprise feeds: the HTTP gateway and its keys."""
