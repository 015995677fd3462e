"""Comparisons as tables."""

from benchmarks.comparison import Comparison
from benchmarks.parts import part_named
from benchmarks.tables import as_markdown, number, part_text, table_rows

RATES = Comparison("training", 1, "a net", "images/s", {"ours": [300.0, 100.0, 200.0], "theirs": [100.0, 50.0, 200.0]})
TIMES = Comparison("time-to", 2, "to 99 %", "s", {"ours": [2.0], "theirs": [None]}, {"theirs": "best 98.10 % in 60 s"})


def test_a_row_has_median_quartiles_and_the_median_of_the_rounds_own_ratios() -> None:
    assert table_rows([RATES]) == [
        ("", "", "median", "quartiles", "the first is"),
        ("a net", "ours", "200 images/s", "150 - 250", ""),
        ("", "theirs", "100 images/s", "75 - 150", "2.00 x as fast (1.50 - 2.50)"),
    ]


def test_what_was_not_reached_is_said_and_empty_columns_are_left_out() -> None:
    assert table_rows([TIMES]) == [
        ("", "", "median"),
        ("to 99 %", "ours", "2 s"),
        ("", "theirs (best 98.10 % in 60 s)", "not reached in 1 of 1"),
    ]


def test_numbers_keep_three_digits() -> None:
    assert list(map(number, (12345.6, 99.96, 12.34, 1.0, 0.012345))) == ["12,346", "100", "12.3", "1", "0.0123"]


def test_a_table_is_markdown_with_aligned_columns() -> None:
    rows = table_rows([RATES, RATES])
    heading, line, *others = as_markdown(rows).splitlines()
    assert [tuple(cell.strip() for cell in text.strip("|").split("|")) for text in (heading, *others)] == rows
    assert set(line) == {"|", "-"}
    bars = [[place for place, char in enumerate(text) if char == "|"] for text in (heading, line, *others)]
    assert all(places == bars[0] for places in bars)


def test_every_number_of_threads_has_its_own_table() -> None:
    text = part_text(part_named("matmul"), [RATES, TIMES])
    assert text.startswith("### Training")
    assert text.index("1 thread:") < text.index("a net") < text.index("2 threads:") < text.index("to 99 %")
