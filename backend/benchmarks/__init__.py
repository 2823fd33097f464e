"""Measurements of this project beside its peers and its floors."""
