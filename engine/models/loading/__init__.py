"""Loads files into a pipeline on a device: precision, offloading, and translation of errors."""
