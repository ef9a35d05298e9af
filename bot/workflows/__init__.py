"""Workflows: observe, decide, act."""
