"""HTML that cannot forget to escape: text becomes text, only ``Html`` stays markup."""

from __future__ import annotations

import json
from html import escape

__all__ = ["Html", "data_block", "element", "joined"]

#: Elements without an end tag.
_VOID = {"br", "col", "hr", "input", "meta"}
#: What would end a script block, or a line in it, written so that JSON stays the same.
_IN_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


class Html(str):
    """Be markup that was made here; any other text is escaped where it enters a page."""

    __slots__ = ()


def element(tag: str, *children: str | Html, **attributes: str | bool) -> Html:
    """Make an element.

    Args:
        tag: its name.
        children: text, which is escaped, or markup.
        attributes: by name, ``class_`` for ``class`` and ``_`` for ``-``; escaped; ``True`` gives one without a value,
            ``False`` none.

    Returns:
        The markup.
    """
    words = [tag]
    for key, value in attributes.items():
        name = key.rstrip("_").replace("_", "-")
        if value is True:
            words.append(name)
        elif value is not False:
            words.append(f'{name}="{escape(value)}"')
    end = "" if tag in _VOID else f"</{tag}>"
    return Html(f"<{' '.join(words)}>{joined(*children)}{end}")


def joined(*children: str | Html) -> Html:
    """Put texts and markup one behind the other.

    Args:
        children: text, which is escaped, or markup.

    Returns:
        The markup.
    """
    return Html("".join(child if isinstance(child, Html) else escape(child) for child in children))


def data_block(identity: str, content: object) -> Html:
    """Put data into a page for its script to read.

    Args:
        identity: the id of the block.
        content: what ``json`` can write.

    Returns:
        A script element of type ``application/json`` that no text inside can end.
    """
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_IN_SCRIPT)
    return element("script", Html(text), type="application/json", id=identity)
