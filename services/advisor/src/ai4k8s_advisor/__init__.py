"""Advises on scaling decisions and explains them."""
