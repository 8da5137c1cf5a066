"""What mkdocs does beyond its own: pages from elsewhere in the repository, links to them, and tables of options."""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the options need the standard library alone, so the package need not be installed

from textrnn import options  # noqa: E402

ELSEWHERE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "README.md": "index.md",
    "benchmarks/README.md": "benchmarks.md",
    "corpora/README.md": "corpora.md",
    "experiments/README.md": "experiments.md",
    **{f"textrnn/presets/{name}.md": f"presets/{name}.md" for name in ("plays-en", "reviews-en", "sentiment-en")},
}
"""Pages of the site that do not lie in docs/: their file in the repository, and their name in the site."""
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
TABLE = re.compile(r"^<!-- options: (\w+) -->$", re.MULTILINE)


def on_files(files: Any, config: Any) -> Any:
    """The pages from elsewhere are added to the site."""
    from mkdocs.structure.files import File

    for path, name in ELSEWHERE.items():
        if (there := files.get_file_from_path(name)) is not None:
            files.remove(there)
        files.append(File.generated(config, name, content=(ROOT / path).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Links are turned toward the site, and marks into tables of options."""
    name = page.file.src_uri
    source = next((path for path, there in ELSEWHERE.items() if there == name), f"docs/{name}")
    markdown = LINK.sub(lambda link: _turned(link, source, name), markdown)
    return TABLE.sub(lambda mark: table_of(getattr(options, mark[1])), markdown)


def table_of(kind: type[options.Options]) -> str:
    """A Markdown table of the options of a class: name, values, default, meaning, flags."""
    lines = ["| option | values | default | meaning | flags |", "| --- | --- | --- | --- | --- |"]
    for one in options.options_of(kind):
        default = "from the recipe" if one.is_from_recipe else f"`{one.default!r}`"
        own = [f"--{one.name.replace('_', '-')}"] if one.is_in_shell else []
        flags = ", ".join(f"`{flag}`" for flag in (*own, *one.flags))
        cells = (f"`{one.name}`", one.range.description, default, one.help, flags)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)


def _turned(link: re.Match[str], source: str, name: str) -> str:
    """A link as the site needs it: to a page of the site, or, where the file is none, its text alone."""
    mark, text, address = link.groups()
    path, _, part = address.partition("#")
    if "://" in address or not path:
        return link[0]
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    there = ELSEWHERE.get(target, target.removeprefix("docs/") if target.startswith("docs/") else None)
    if there is None:
        return text if (ROOT / target).exists() else link[0]
    relative = posixpath.relpath(there, posixpath.dirname(name) or ".")
    return f"{mark}[{text}]({relative}{'#' + part if part else ''})"
