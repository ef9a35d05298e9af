"""Adapters: the only places that import third-party SDKs; their types and exceptions stop here."""
