"""Guided: files of one kind that atheris finds by what of the package they make run.

python -m pip install atheris
PYTHONPATH=scripts python -m torturing.guided png -max_total_time=600

It stops at the first file of which something is wrong, and leaves that in the folder in which it runs. What is not
Python it does not see into; atheris is needed for nothing else, and in no extra.
"""

import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Start atheris; what follows the kind are its own options (libFuzzer's)."""
    import atheris

    with atheris.instrument_imports(include=["mnistnet"]):  # whoever imports it before is not seen into
        from torturing.files import KINDS
        from torturing.specimens import specimens
        from torturing.takers import take
        from torturing.watching import case_path

    program, kind, *options = [*sys.argv, ""][: max(2, len(sys.argv))]
    if kind not in KINDS:
        sys.exit(f"expected a kind of file: {', '.join(KINDS)}")
    with tempfile.TemporaryDirectory() as folder:
        path = case_path(Path(folder), kind)
        begin = Path(folder, "begin")
        begin.mkdir()
        for number, content in enumerate(specimens(kind)):
            (begin / str(number)).write_bytes(content)

        def try_one(content: bytes) -> None:
            path.write_bytes(content)
            if wrong := take(kind, path):
                raise RuntimeError(wrong)

        atheris.Setup([program, *options, str(begin)], try_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
