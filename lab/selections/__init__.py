"""Fits how the classic engine chooses what a box or a point means."""
