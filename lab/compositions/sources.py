"""The table of all packages that compositions are made from."""

from lab.compositions.pictures import PICTURES
from lab.compositions.source import Source
from lab.compositions.typefaces import TYPEFACES

SOURCES: tuple[Source, ...] = (*PICTURES, *TYPEFACES)
