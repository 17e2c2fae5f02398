"""Make the pictures of the documentation from real runs: `docs/images/`.

Runs the program of the README and the portfolio of the examples, and takes pictures of their reports with a headless
Chromium through playwright. Without a Chromium the pictures stay as they are.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
LARGEST_BYTES = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Say what a picture shows.

    Args:
        name: the file in `docs/images/`.
        page: which page: `readme`, `portfolio` or `comparison`.
        width: of the window, in pixels.
        height: of the window.
        theme: `light` or `dark`.
        part: the element to show; by default the top of the page.
    """

    name: str
    page: str
    width: int = 1320
    height: int = 1140
    theme: str = "light"
    part: str | None = None


PICTURES = (
    Picture(name="report.png", page="readme"),
    Picture(name="report-dark.png", page="portfolio", theme="dark", height=1000),
    Picture(name="report-phone.png", page="portfolio", width=360, height=1160),
    Picture(name="report-phone-dark.png", page="portfolio", width=360, height=1160, theme="dark"),
    Picture(name="report-diversification.png", page="portfolio", part="#diversification"),
    Picture(name="report-exposure.png", page="portfolio", part="#exposure"),
    Picture(name="report-trades.png", page="portfolio", part="#trades"),
    Picture(name="comparison.png", page="comparison", height=900),
)


def readme_page(folder: Path) -> Path:
    """Run the program of the README beside its strategy file; give the report."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"^```(yaml|python)\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE))
    (folder / "trend.yaml").write_text(blocks["yaml"], encoding="utf-8")
    page = folder / "report.html"
    program = f"{blocks['python']}\nresult.plot({str(page)!r})\n"
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return page


def portfolio_run(folder: Path, *settings: str) -> Path:
    """Run the portfolio of the examples; give the folder of the run."""
    before = set(folder.glob("runs/*"))
    command = [sys.executable, "-m", "podium", "backtest", str(ROOT / "examples" / "portfolio.yaml"), "--no-progress"]
    words = [word for setting in settings for word in ("--set", setting)]
    subprocess.run([*command, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (made,) = set(folder.glob("runs/*")) - before
    return made.relative_to(folder)


def make_pages(folder: Path) -> dict[str, Path]:
    """Make every page of which there are pictures."""
    runs = [portfolio_run(folder, *words) for words in ([], ["strategies.trend.params.fast=12"])]
    command = [sys.executable, "-m", "podium", "report", *map(str, runs)]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return {
        "readme": readme_page(folder),
        "portfolio": folder / runs[0] / "report.html",
        "comparison": folder / "comparison.html",
    }


def photograph(browser: Browser, page: Path, picture: Picture) -> None:
    """Take one picture."""
    size = {"width": picture.width, "height": picture.height}
    context = browser.new_context(viewport=size, color_scheme=picture.theme, reduced_motion="reduce")
    opened = context.new_page()
    opened.goto(page.as_uri())
    target = opened.locator(picture.part) if picture.part else opened
    if picture.part == "#trades":
        # One trade from close by, as a reader would look at it, and a few rows of the list.
        opened.locator("#trades [data-filter=strategy]").select_option("0")
        opened.locator("#trades tbody tr").nth(12).click()
        opened.add_style_tag(content="#trades tbody tr:nth-child(n+15) { display: none; }")
    if picture.part:
        opened.locator(picture.part).scroll_into_view_if_needed()
        opened.locator(f"{picture.part} .plot svg, {picture.part} table").first.wait_for()
    opened.wait_for_timeout(200)
    target.screenshot(path=IMAGES / picture.name)
    context.close()


def find_chromium() -> str | None:
    """Find the browser; ``None`` when it or playwright is missing."""
    try:
        import playwright.sync_api  # noqa: F401, PLC0415  only looked for
    except ImportError:
        return None
    return shutil.which("chromium") or shutil.which("chromium-browser")


def main() -> None:
    """Make all pictures."""
    chromium = find_chromium()
    if chromium is None:
        print("no pictures: chromium or playwright is missing; on Debian: apt-get install chromium")
        return
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  only where there is a browser

    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as started:
        pages = make_pages(Path(name))
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for picture in PICTURES:
            photograph(browser, pages[picture.page], picture)
        browser.close()
    for picture in PICTURES:
        size = (IMAGES / picture.name).stat().st_size
        print(f"docs/images/{picture.name} {size:,} bytes")
        if size > LARGEST_BYTES:
            sys.exit(f"larger than {LARGEST_BYTES:,} bytes")


if __name__ == "__main__":
    main()
