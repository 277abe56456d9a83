"""The engine process: the host that starts and watches it, the child, and the protocol between them."""
