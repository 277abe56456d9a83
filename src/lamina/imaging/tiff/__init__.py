"""Reads the first page of a TIFF: what its header says decides how, or by what name it is refused."""

from lamina.imaging.tiff.header import TiffHeader, read_header
from lamina.imaging.tiff.pixels import TiffPixels, read_pixels
from lamina.imaging.tiff.variants import refuse_old_lzw, refuse_what_is_not_read

__all__ = ["TiffHeader", "TiffPixels", "read_header", "read_pixels", "refuse_old_lzw", "refuse_what_is_not_read"]
