"""What readers of layered files raise where a file is whole, and what it says is not as its format asks."""


class InvalidContentError(ValueError):
    """`str(error)` tells what, in words for a user, without a full stop and without the name of the file."""
