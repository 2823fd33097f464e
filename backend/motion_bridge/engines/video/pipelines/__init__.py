"""Diffusers' own pipelines of video models, one small adapter a family. Torch lives here."""
