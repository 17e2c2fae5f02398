"""Make the pictures of the documentation from a real run: `docs/images/`.

Runs the program of the README and takes a picture of its report with a headless Chromium, which must be installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1320, 1140
LARGEST_BYTES = 300_000


def browser() -> str:
    """Find Chromium, or say that it is missing."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        sys.exit("no chromium on this machine; on Debian: apt-get install chromium")
    return found


def report(folder: Path) -> Path:
    """Run the program of the README beside its strategy file; give the report."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"^```(yaml|python)\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE))
    (folder / "trend.yaml").write_text(blocks["yaml"], encoding="utf-8")
    page = folder / "report.html"
    program = f"{blocks['python']}\nresult.plot({str(page)!r})\n"
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True)
    return page


def photograph(page: Path, picture: Path) -> None:
    """Take a picture of a page."""
    command = [
        browser(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        f"--window-size={WIDTH},{HEIGHT}", "--virtual-time-budget=10000", f"--screenshot={picture}", page.as_uri(),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def main() -> None:
    """Make all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        picture = IMAGES / "report.png"
        photograph(report(Path(folder)), picture)
    size = picture.stat().st_size
    print(f"{picture.relative_to(ROOT)} {size:,} bytes")
    if size > LARGEST_BYTES:
        sys.exit(f"larger than {LARGEST_BYTES:,} bytes")


if __name__ == "__main__":
    main()
