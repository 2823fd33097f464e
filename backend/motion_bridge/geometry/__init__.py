"""The mathematics of motion, in numpy alone: cameras, surfaces, schedules, track formats."""
