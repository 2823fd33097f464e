"""Frames from a workflow of ComfyUI: a server that runs already, fed with exact pictures, masks, depth and cameras.

Light: requests and websockets are imported when a job starts.
"""
