"""MotionStream (arXiv 2511.01266): tracks in, endless video out, at constant cost.

Read in this order: track_map, track_head, condition, guidance, student, cache, stream.
"""
