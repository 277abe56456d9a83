"""Lamina turns one picture into editable RGBA layers."""
