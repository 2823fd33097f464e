"""What all tests share."""

pytest_plugins = ["reliability", "separate_files"]
