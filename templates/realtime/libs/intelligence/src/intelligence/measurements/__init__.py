"""Measurements, and the windows of time that they are summed up in."""
