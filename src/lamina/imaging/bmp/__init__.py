"""Reads BMPs of Windows and OS/2: their header says how, or by what name they are refused."""

from lamina.imaging.bmp.header import BmpHeader, check_is_supported, read_header
from lamina.imaging.bmp.pixels import BmpPixels, read_pixels

__all__ = ["BmpHeader", "BmpPixels", "check_is_supported", "read_header", "read_pixels"]
