"""Decides, applies and judges scaling."""
