"""Camera motion as Deforum schedules, for our own engine (metric) and for other people's (export), and back."""
