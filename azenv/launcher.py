"""What a shell starts: `<interpreter> -I <this file> …`, never by PATH or PYTHONPATH."""

from __future__ import annotations

import sys

# -I leaves the script's own directory out, and a checkout is in no site-packages
sys.path.insert(0, __file__.rsplit("azenv", 1)[0].rstrip("/\\") or "/")

from azenv.__main__ import main

sys.exit(main())
