import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from mnistnet.vision.box import Box
from mnistnet.vision.normalize import ink_box
from mnistnet.vision.remarks import find_contrast, find_doubts, find_remarks

SIZE = 240


def drawn(draw_on=None, *, width=14, size=SIZE):
    """Ink of a 2 in the middle, drawn as a brush of so many pixels would; draw_on may add to it or erase."""
    image = Image.new("L", (4 * size, 4 * size))
    draw = ImageDraw.Draw(image)
    places = [(75, 85), (90, 60), (130, 55), (150, 80), (140, 110), (75, 185), (165, 185)]
    draw.line([(x * size / 60, y * size / 60) for x, y in places], 255, round(4 * width), joint="curve")
    if draw_on:
        draw_on(draw)
    return np.asarray(image.reduce(4), np.float32) / 255


def remarks(ink, *, paper=1.0, pen=0.1, boxes=()):
    return find_remarks(np.float32(paper + (pen - paper) * ink), ink, boxes)


def blurred(ink, radius):
    image = Image.fromarray(np.uint8(255 * ink)).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(image, np.float32) / 255


@pytest.mark.parametrize("width", [4, 8, 14, 40])
@pytest.mark.parametrize(("paper", "pen"), [(1, 0), (0, 1), (0.8, 0.5)])
def test_of_an_ordinary_digit_there_is_nothing_to_say(width, paper, pen):
    assert remarks(drawn(width=width), paper=paper, pen=pen) == []


def test_nor_of_no_ink():
    assert remarks(np.zeros((9, 5), np.float32)) == []


def test_pieces_are_counted_but_for_specks():
    def cut(draw):
        draw.rectangle((0, 480, 960, 540), 0)

    def blot(draw):
        draw.ellipse((800, 100, 840, 140), 255)

    broken = drawn(cut)
    assert remarks(broken) == ["2 separate pieces"]
    assert remarks(drawn(blot)) == []
    whole = ink_box(broken)
    halves = [Box(whole.x0, whole.y0, whole.x1, 120), Box(whole.x0, 135, whole.x1, whole.y1)]
    assert remarks(broken, boxes=halves) == []  # one for each digit that was read


def test_contrast_is_between_the_ink_and_the_paper():
    assert remarks(drawn(), paper=0.6, pen=0.45) == ["low contrast"]
    assert remarks(drawn(), paper=0.1, pen=0.25) == ["low contrast"]
    assert remarks(drawn(), paper=0.6, pen=0.35) == []


def test_contrast_is_measured_on_large_pictures_too():
    ink = np.pad(drawn(), 800)
    assert remarks(ink, paper=0.6, pen=0.45) == ["low contrast"]
    assert remarks(ink, paper=0.6, pen=0.35) == []


def test_there_may_be_more_ink_than_paper():
    ink = np.zeros((50, 50), np.float32)
    ink[5:45, 5:45] = 1
    assert find_contrast(0.9 - 0.5 * ink, ink) == pytest.approx(0.5)


def test_blurred_is_what_hides_strokes():
    assert remarks(blurred(drawn(), 3)) == []
    assert "blurred" in remarks(blurred(drawn(width=24), 14))


def test_size_is_that_of_the_ink():
    assert remarks(np.pad(drawn(width=2, size=24), 100)) == ["very small"]
    assert remarks(np.pad(drawn(width=3, size=40), 100)) == []


def test_strokes_may_be_too_thin_or_none():
    assert remarks(drawn(width=1)) == ["hairline strokes"]

    def disc(draw):
        draw.rectangle((0, 0, 960, 960), 0)
        draw.ellipse((300, 300, 660, 660), 255)

    assert remarks(drawn(disc)) == ["a filled shape"]


@pytest.mark.parametrize("turns", range(4))
def test_every_side_is_a_border(turns):
    ink = drawn()
    top = ink_box(ink).y0
    assert remarks(np.rot90(ink[top - 1 :], turns)) == []
    assert remarks(np.rot90(ink[top + 4 :], turns)) == ["touches the border"]


def test_of_several_digits_each_is_measured_by_itself():
    row = np.concatenate([drawn(width=4)] * 6, axis=1)
    one = ink_box(row[:, :SIZE])
    boxes = [one._replace(x0=one.x0 + k * SIZE, x1=one.x1 + k * SIZE) for k in range(6)]
    assert remarks(row, boxes=boxes) == []
    assert remarks(row) == ["6 separate pieces", "hairline strokes"]  # as one digit, they would be that


def test_there_is_no_doubt_about_digits_on_paper_or_cut_out_along_their_ink():
    ink = drawn()
    assert find_doubts(ink, digits=1) == []
    assert find_doubts(ink_box(ink).cut(ink), digits=1) == []
    assert find_doubts(np.concatenate([ink, ink], axis=1), digits=2) == []
    assert find_doubts(ink[:170], digits=1) == []  # it leaves the page on one side


def test_ink_besides_the_digits_raises_doubts():
    ink = drawn()
    assert find_doubts(np.tile(ink, 7), digits=1) == ["in many pieces"]
    assert find_doubts(np.tile(ink, 2), digits=1) == []  # a broken digit is in several pieces
    speckled = ink.copy()
    speckled[10::20, 10::20] = 1
    assert find_doubts(speckled, digits=1) == []


@pytest.mark.parametrize("turns", range(4))
def test_ink_that_runs_out_on_several_sides_raises_doubts(turns):
    y, x = np.mgrid[:240, :240]
    corner = np.maximum(drawn(), y + x < 60)
    assert find_doubts(np.rot90(corner, turns), digits=1) == ["runs out of the picture"]
    assert find_doubts(np.rot90(corner, turns), digits=2) == []
    whole = ink_box(drawn())
    in_the_corner = drawn()[whole.y0 :, whole.x0 :]
    assert find_doubts(np.rot90(in_the_corner, turns), digits=1) == []


@pytest.mark.parametrize("turns", range(4))
def test_what_the_border_cuts_off_broadly_raises_doubts(turns):
    y, x = np.mgrid[:240, :240]
    ball = np.float32((y - 120) ** 2 + (x - 10) ** 2 < 60**2)
    assert find_doubts(np.rot90(ball, turns), digits=1) == ["cut off by the border"]
    assert find_doubts(np.rot90(np.roll(ball, 51, axis=1), turns), digits=1) == []
    bar = np.float32(np.abs(x - 120) < 15)[:, 106:135]  # a 1, cut out closely
    assert find_doubts(np.rot90(bar, turns), digits=1) == []


@pytest.mark.parametrize("width", [4, 14, 40])
def test_strokes_that_are_dark_in_parts_only_raise_doubts(width):
    ink = drawn(width=width)
    shaded = ink * np.linspace(0.3, 1, len(ink), dtype=np.float32)[:, np.newaxis]
    assert find_doubts(ink, digits=1) == find_doubts(0.7 * ink, digits=1) == []
    assert find_doubts(shaded, digits=1) == (["unevenly dark"] if width > 4 else [])


@pytest.mark.parametrize("turns", range(4))
def test_two_strokes_that_end_at_one_side_of_the_picture_raise_doubts(turns):
    y, x = np.mgrid[:240, :240]
    ring = np.float32(abs(np.hypot(y - 240, x - 120) - 60) < 7)  # half a 0, at the bottom
    assert find_doubts(np.rot90(ring, turns), digits=1) == ["cut off by the border"]
    assert find_doubts(np.rot90(ring, turns), digits=2) == []  # each of two may reach the border
    stroke = drawn()[:170]  # of the 2, whose stem leaves the page
    assert find_doubts(np.rot90(stroke, turns), digits=1) == []
