"""Let ``python -m podium`` be ``podium``."""

from podium.cli.main import main

if __name__ == "__main__":
    main()
