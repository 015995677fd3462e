"""Install the lowest versions that pyproject.toml allows into a new virtual environment, and run tests with them.

python scripts/check_lowest.py
python scripts/check_lowest.py tests/vision tests/end_to_end/test_predict.py

It takes some minutes: 11 on two cores that others used too.
"""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRAS = ("onnx", "sklearn", "web", "cluster", "test")
TESTS = (
    *("tests/test_model_file.py", "tests/test_reader.py", "tests/test_sklearn.py", "tests/test_bulk.py"),
    *("tests/nn", "tests/vision/test_image_file.py", "tests/data/test_download.py", "tests/data/test_glyphs.py"),
    *("tests/training/test_trainer.py", "tests/evaluation", "tests/export", "tests/web"),
    *("tests/end_to_end/test_predict.py", "tests/end_to_end/test_report.py"),
)
"""Those whose outcome depends on what other packages do."""


def main() -> int:
    """Install and run; the exit status of the tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = lowest(
        [*project["dependencies"], *(one for name in EXTRAS for one in project["optional-dependencies"][name])]
    )
    print("\n".join(pins), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *pins], check=True)
        warnings = [
            "-W",
            "ignore::DeprecationWarning",
            "-W",
            "ignore::PendingDeprecationWarning",
        ]  # old of new packages
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        tests = [python, "-m", "pytest", "-q", "-n0", *warnings, *(sys.argv[1:] or TESTS)]
        return subprocess.run(tests, cwd=ROOT, env=environment, check=False).returncode


def lowest(requirements: list[str]) -> list[str]:
    """The same with nothing but the lower bound, as `name[extra]==version`; without the package's own extras.

    Raises ValueError for a requirement that has no bound.
    """
    others = [requirement for requirement in requirements if not requirement.startswith("mnistnet[")]
    for requirement in others:
        if not re.fullmatch(r"[\w.-]+(\[[\w,]+\])?>=[\d.]+", requirement):
            raise ValueError(f"expected a lower bound and nothing else, as in numpy>=2.0, got {requirement}")
    return [requirement.replace(">=", "==") for requirement in others]


if __name__ == "__main__":
    sys.exit(main())
