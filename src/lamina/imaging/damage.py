"""Damage that our own readers find in a picture file, with the reason in words that users may see."""


class Damaged(ValueError):  # noqa: N818  # it tells of the file, and becomes an error in `decoding`
    """Why a file is damaged, as the end of a sentence without a full stop: "strip 3 is empty"."""
