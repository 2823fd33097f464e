"""Reprojected frames beside the renderer's own, for growing numbers of key pictures."""
