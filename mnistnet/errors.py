"""Everything that can go wrong for a user, as one hierarchy.

    MnistnetError           what a command shows as one line, with exit status 1
    ├── DataError           a data file is missing or is not what it should be
    │   └── DownloadError   no mirror gave the right bytes
    ├── PictureError        a picture cannot be read
    ├── ModelError          a model file cannot be used
    ├── TrainingError       training cannot go on
    │   └── CheckpointError a checkpoint cannot be gone on from
    ├── RunError            a run's folder has no report to show
    ├── OutputError         a file cannot be written
    ├── ServerError         the server cannot start
    └── ClusterError        processes or machines that should share the work cannot

A caller's mistake inside Python (a wrong shape, a negative width) is a ValueError.
"""


class MnistnetError(Exception):
    """The message is one line: what, expected, got, what to do."""


class DataError(MnistnetError):
    """A data file is missing or is not what it should be."""


class DownloadError(DataError):
    """No mirror gave the right bytes."""


class PictureError(MnistnetError):
    """A picture cannot be read."""


class ModelError(MnistnetError):
    """A model file cannot be used."""


class TrainingError(MnistnetError):
    """Training cannot go on."""


class CheckpointError(TrainingError):
    """A checkpoint cannot be gone on from."""


class RunError(MnistnetError):
    """A run's folder has no report to show."""


class OutputError(MnistnetError):
    """A file cannot be written."""


class ServerError(MnistnetError):
    """The server cannot start."""


class ClusterError(MnistnetError):
    """Processes or machines that should share the work cannot."""
