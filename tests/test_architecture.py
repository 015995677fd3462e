"""The plan of the house, walked: arrows between rooms point down only, and starting up stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

PACKAGE = Path(__file__).parents[1] / "mnistnet"
FLOORS = (
    ("__main__",),
    ("commands",),
    ("web",),
    ("sklearn", "export"),
    ("bulk", "explain", "inspection", "drawing"),
    ("table",),
    ("reader", "training"),
    ("evaluation", "reading"),
    ("model_file",),
    ("data",),
    ("nn", "vision"),
    ("places", "archive", "pages", "painting"),
    ("files", "crew"),
    ("errors", "arrays", "processes", "__init__"),
)
MODULES = sorted(PACKAGE.rglob("*.py"))


def floor_of(room: str) -> int:
    return next(-depth for depth, rooms in enumerate(FLOORS) if room in rooms)


def room_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(module: Path) -> set[str]:
    names = []
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    parts = [name.split(".") for name in names if name.startswith("mnistnet.")]
    return {second if any(second in rooms for rooms in FLOORS) else "__init__" for _, second, *_ in parts}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_point_down(module: Path) -> None:
    own = room_of(module)
    for room in imported_rooms(module) - {own}:
        assert floor_of(room) < floor_of(own), f"{own} imports {room}, which is not below it"


@pytest.mark.parametrize("forbidden", ["time", "pathlib", "os", "PIL", "sys", "io"])
def test_the_mathematics_knows_no_files_clock_or_pictures(forbidden: str) -> None:
    for module in (PACKAGE / "nn").glob("*.py"):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        imported += [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert forbidden not in [name.split(".")[0] for name in imported], module


def test_reading_a_picture_starts_without_the_heavy_packages(tmp_path: Path) -> None:
    heavy = [
        "matplotlib",
        "requests",
        "rich",
        "jinja2",
        "threadpoolctl",
        "onnx",
        "mnistnet.training",
        "mnistnet.data.download",
        "mnistnet.explain",
        "PIL.ImageFont",
    ]
    Image.new("L", (50, 50), 255).save(tmp_path / "blank.png")
    program = (
        "import sys; from mnistnet.commands import main; main(['predict', '--model', 'shipped', sys.argv[1]])\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "blank.png")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert "no digit" in shown[0]
    assert shown[1] == "[]"
