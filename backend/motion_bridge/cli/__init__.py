"""The commands of `motion-bridge`, one file each: `add` declares its arguments, `run` does it."""
