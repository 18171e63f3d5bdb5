"""Requests and limits that would fit, with the patches that make them so."""
