"""Adapters of members: who may use which where, and what their owners do with them."""
