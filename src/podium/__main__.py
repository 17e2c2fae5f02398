"""Let ``python -m podium`` be ``podium``."""

import sys

if not sys.flags.safe_path:
    # With -m the working folder comes before all libraries: a file there may be called like one of them.
    del sys.path[0]

from podium.cli.main import main

if __name__ == "__main__":
    main()
