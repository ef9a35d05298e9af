"""Everything that a promotion needs, on loopback in one process."""
