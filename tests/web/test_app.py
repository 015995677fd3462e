"""What is told of errors."""

import json

from mnistnet.web.app import as_problem


def test_an_unexpected_error_is_told_without_where_it_happened() -> None:
    problem = as_problem(FileNotFoundError(2, "No such file or directory", "/home/anna/secret.npz"))
    assert problem.status == 500
    assert json.loads(problem.content())["detail"] == "something went wrong in the server; its log says what"
