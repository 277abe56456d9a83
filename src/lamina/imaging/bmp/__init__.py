"""Reads BMPs of Windows and OS/2: their header says how, or by what name they are refused."""

from lamina.imaging.bmp.header import BmpHeader, read_header, refuse_what_is_not_read
from lamina.imaging.bmp.pixels import BmpPixels, read_pixels

__all__ = ["BmpHeader", "BmpPixels", "read_header", "read_pixels", "refuse_what_is_not_read"]
