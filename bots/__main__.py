"""`python -m bots` is the command `steward`."""

import sys

from bots.cli import main

sys.exit(main())
