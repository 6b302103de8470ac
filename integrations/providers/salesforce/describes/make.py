"""Makes the built-in describes beside this file: the standard objects as an org without customisation describes them.

    python -m integrations.providers.salesforce.describes.make FOLDER

FOLDER holds bodies of `GET /services/data/vNN.0/sobjects/<Object>/describe`, one `<Object>.json` each. Only the keys
that Isthmus reads are kept (compact.py), one field a line, so that a newer describe shows as a readable change.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from integrations.providers.salesforce.compact import compact_object

HERE = Path(__file__).parent


def make(folder: Path) -> list[str]:
    """Write a compact describe for each full one in `folder`; gives their names."""
    made = []
    for source in sorted(folder.glob("[A-Z]*.json")):
        (HERE / source.name).write_text(_one_field_a_line(compact_object(json.loads(source.read_text()))))
        made.append(source.stem)
    return made


def _one_field_a_line(described: dict[str, Any]) -> str:
    head = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in described.items() if key != "fields"]
    fields = ",\n".join(f"  {json.dumps(field)}" for field in described["fields"])
    return "{\n" + ",\n".join(head) + ',\n"fields": [\n' + fields + "\n]\n}\n"


if __name__ == "__main__":
    print("\n".join(make(Path(sys.argv[1]))))
