"""Exceptions that the image and layer readers raise; their texts are shown to users."""


class CorruptFileError(ValueError):
    """The file is corrupt. `str(error)` is a clause with the reason, without a full stop: "strip 3 is empty"."""


class InvalidContentError(ValueError):
    """The file is intact, but its content violates its format.

    `str(error)` is a clause with the reason, without a full stop and without the name of the file.
    """
