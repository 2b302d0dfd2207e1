"""Preferences: from what members pressed to labels that models are trained on; docs/preferences.md has the rules.

Everything here is a function of records and holds no more of them than it is given.
"""
