"""`mnistnet data`: the MNIST files, and where commands get them from."""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mnistnet.commands import UsageError, filled, show_error
from mnistnet.commands.other_data import add_other_options, load_shown, sets, source_of, source_of_tests
from mnistnet.data.address import is_url
from mnistnet.data.mnist import Dataset, load_cached, load_folder, load_sample
from mnistnet.data.mnist_files import MIRRORS, CachedFile, cache_state, fetch_files
from mnistnet.data.sources import SAMPLE, Source, load_source
from mnistnet.errors import DataError, DownloadError
from mnistnet.model_file import Model, Provenance
from mnistnet.places import home

if TYPE_CHECKING:
    from mnistnet.data.arriving import OnBytes


def build_parser() -> argparse.ArgumentParser:
    """The options of the data command."""
    parser = argparse.ArgumentParser(
        prog="mnistnet data",
        description="Show where the MNIST files are kept, verify every byte of them, or fetch what is missing.",
        epilog="example: mnistnet data fetch --mirror http://intranet.example/mnist/",
    )
    parser.add_argument("action", nargs="?", choices=("show", "verify", "fetch"), default="show", help="(%(default)s)")
    add_mirror_option(parser)
    parser.add_argument("--json", action="store_true", help="print the files as one line of JSON")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    return parser


def add_mirror_option(parser: argparse.ArgumentParser) -> None:
    """--mirror."""
    parser.add_argument(
        "--mirror", type=mirror, metavar="URL", help="where to fetch from first: an http(s) address or a folder"
    )


def mirror(text: str) -> str:
    """An http(s) address or a folder."""
    scheme, separator, _ = filled(text).partition("://")
    if separator and scheme.lower() not in ("http", "https"):
        raise argparse.ArgumentTypeError(f"expected an http(s) address or a folder, got {text!r}")
    return text


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """--data, --mirror and --require-full, for obtain_dataset."""
    add = parser.add_argument
    add(
        "--data",
        type=filled,
        metavar="DIR",
        help="a folder with the four files of MNIST or of another set (or one's training images, or the https address "
        "of either), or with labelled pictures as for `mnistnet evaluate`, or `sample` for the bundled 5,000 digits",
    )
    add_other_options(parser)
    add_mirror_option(parser)
    add("--require-full", action="store_true", help="stop, rather than train on the sample, where no mirror answers")


def run(args: argparse.Namespace) -> int:
    """Show, verify or fetch; 1 if a file is missing or wrong after verify or fetch."""
    if args.mirror and args.action != "fetch":
        raise UsageError(f"--mirror is for `mnistnet data fetch`, got it with {args.action}")
    if args.action == "fetch":
        with download_bar(quiet=args.quiet) as on_bytes:
            fetch_files(cache(), mirrors(args.mirror), on_bytes=on_bytes)
    files = cache_state(cache(), verify=args.action != "show")
    if args.json:
        print(json.dumps({"folder": str(cache()), "files": [as_json(file) for file in files]}))
    else:
        print(f"MNIST files in {cache()}")
        print("\n".join(describe(file) for file in files))
    return 0 if args.action == "show" or all(file.right for file in files) else 1


def as_json(file: CachedFile) -> dict[str, object]:
    """What the cache holds of a file; size and right are null as in CachedFile."""
    return file._asdict() | {"path": str(file.path)}


def describe(file: CachedFile) -> str:
    """One line on a file."""
    states = {None: "there", True: "verified", False: "WRONG: run `mnistnet data fetch`"}
    if file.size is None:
        return f"  {file.name:28}  missing: run `mnistnet data fetch`"
    return f"  {file.name:28}  {file.size:>10,} bytes  {states[file.right]}"


def cache() -> Path:
    """The folder of the downloaded files."""
    return home() / "mnist"


def mirrors(first: str | None) -> Sequence[str]:
    """The built-in mirrors, after the one that the user names."""
    return [first, *MIRRORS] if first else MIRRORS


@contextmanager
def download_bar(*, quiet: bool) -> "Iterator[OnBytes]":
    """Shows the bytes of each file that it is told of."""
    from mnistnet.commands.progress import DownloadBar  # rich, only where something is fetched

    bar = DownloadBar(quiet=quiet)
    with bar.progress:
        yield bar.on_bytes


def obtain_dataset(args: argparse.Namespace) -> Dataset:
    """The data that the options of add_source_options ask for; the bundled sample where no mirror answers."""
    if args.data == "sample" and args.require_full:
        raise UsageError("--data sample asks for the sample, and --require-full forbids it: pass one of them")
    try:
        dataset = obtain_named(source_of(args), args)
    except DownloadError as error:
        if args.require_full or args.data:
            raise
        show_error(str(error))
        dataset = load_sample()
    if dataset.notice:
        show_error(f"NOTICE: {dataset.notice}")
    return dataset


def add_test_options(parser: argparse.ArgumentParser) -> None:
    """--data and --mirror, for obtain_tested."""
    parser.add_argument(
        "--data",
        type=filled,
        metavar="DIR",
        help="a folder with the four MNIST files, or `sample` (those that the model was tested on: in the cache, or "
        "fetched into it); for a model of other data what was named to train it",
    )
    add_mirror_option(parser)


def obtain_tested(model: Model, args: argparse.Namespace, *, path: str, fetch: bool = True) -> Dataset:
    """The data that a model was tested on, by the options of add_test_options.

    Raises DataError where they are others or, unless they may be fetched, not at hand, and what load_cached raises.
    """
    source = source_of_tests(model, args.data)
    dataset = obtain_named(source, args) if fetch or source else load_folder(cache())
    require_tested(model.provenance, dataset, model=path)
    return dataset


def tested_at_hand(model: Model, data: str | None, *, path: str) -> Dataset | None:
    """The data that a model was tested on, from where data says, else bundled or cached; nothing is fetched.

    None where it is not there; DataError where data names others.
    """
    try:
        source = source_of_tests(model, data)
        dataset = load_source(source, sets()) if source else load_folder(cache())
        require_tested(model.provenance, dataset, model=path)
    except DataError:
        if data:
            raise
        return None
    return dataset


def require_tested(provenance: Provenance, dataset: Dataset, *, model: str) -> None:
    """Raise DataError unless the dataset is the one that a model was tested on."""
    for file, digest in dataset.sha256.items():
        if (stated := provenance.data_sha256.get(file)) != digest:
            raise DataError(
                f"{model} was tested on other data: it states {stated or 'nothing'} as the SHA-256 of {file}, got "
                f"{digest}; name the right folder with --data"
            )


def obtain_named(source: Source | None, args: argparse.Namespace) -> Dataset:
    """The data named; without a name MNIST from the cache, fetched where it is not.

    Raises what load_cached and load_source do.
    """
    if source and args.mirror:
        raise UsageError("--mirror says where to fetch MNIST from, and --data what else to take: pass one of them")
    if source:
        return load_shown(source, quiet=args.quiet)
    with download_bar(quiet=args.quiet) as on_bytes:
        return load_cached(cache(), mirrors(args.mirror), on_bytes=on_bytes)


def dataset_loader(dataset: Dataset, args: argparse.Namespace) -> Callable[[], Dataset]:
    """What loads a dataset that was obtained once more, in another process too: it can be pickled."""
    if dataset.name == SAMPLE:
        return load_sample
    if source := source_of(args):
        where = source.where if is_url(source.where) else str(Path(source.where).absolute())
        return partial(load_source, source._replace(where=where), sets())
    return partial(load_folder, cache())
