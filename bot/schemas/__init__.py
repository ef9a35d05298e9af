"""JSON schemas of every kind that the stack uses, derived from the modules in `pins.py` by `derive.py`."""
