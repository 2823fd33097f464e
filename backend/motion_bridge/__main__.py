"""python -m motion_bridge …"""

import sys

from .cli import main

sys.exit(main())
