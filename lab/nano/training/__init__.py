"""Trains nano, part by part."""
