"""MotionStream (arXiv 2511.01266): tracks in, endless video out, at constant cost.

Read in this order: track_map, track_head, condition, guidance, student, cache, sampler, stream, live, session; then
job, which streams a Shot. usage, checkpoint and model bring weights in; docs/motionstream.md explains the whole.
"""
