import io
import os
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mnistnet.errors import PictureError
from mnistnet.vision.box import Box
from mnistnet.vision.image_file import open_colours, open_picture

RNG = np.random.default_rng(0)
GREY = np.uint8(np.kron(RNG.integers(0, 256, (6, 5)), np.ones((8, 8))))  # 48 x 40, blocks as JPEG's: it keeps them
DEEP = np.uint16(GREY) * 257


def encoded(image, format_, **options):
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def grey_of(data):
    return open_picture(data, name="test").grey


def with_alpha(level, alpha):
    return Image.merge("LA", (Image.new("L", alpha.shape[::-1], level), Image.fromarray(np.uint8(alpha * 255))))


L = Image.fromarray(GREY)
EXACT = {
    "PNG grey": encoded(L, "PNG"),
    "PNG RGB": encoded(L.convert("RGB"), "PNG"),
    "PNG palette": encoded(L.convert("P"), "PNG"),
    "PNG opaque RGBA": encoded(L.convert("RGBA"), "PNG"),
    "PNG opaque LA": encoded(L.convert("LA"), "PNG"),
    "PNG 16-bit": encoded(Image.fromarray(DEEP), "PNG"),
    "BMP": encoded(L, "BMP"),
    "GIF": encoded(L, "GIF"),
    "GIF, first frame": encoded(L, "GIF", save_all=True, append_images=[L.rotate(90)]),
    "WebP": encoded(L.convert("RGB"), "WEBP", lossless=True),
    "TIFF": encoded(L, "TIFF"),
    "TIFF LZW": encoded(L, "TIFF", compression="tiff_lzw"),
    "TIFF 16-bit": encoded(Image.fromarray(DEEP), "TIFF"),
    "TIFF 16-bit big-endian": encoded(Image.frombytes("I;16B", L.size, DEEP.astype(">u2").tobytes()), "TIFF"),
    "TIFF 32-bit": encoded(Image.fromarray(np.int32(DEEP)), "TIFF"),
    "TIFF 32-bit of bytes": encoded(Image.fromarray(np.int32(GREY)), "TIFF"),
    "TIFF float to 1": encoded(Image.fromarray(np.float32(GREY) / 255), "TIFF"),
    "TIFF float to 255": encoded(Image.fromarray(np.float32(GREY)), "TIFF"),
    "TIFF CMYK": encoded(L.convert("RGB").convert("CMYK"), "TIFF"),
}
LOSSY = {
    "JPEG": encoded(L, "JPEG", quality=95),
    "JPEG RGB": encoded(L.convert("RGB"), "JPEG", quality=95),
    "JPEG progressive": encoded(L, "JPEG", quality=95, progressive=True),
    "JPEG CMYK": encoded(L.convert("RGB").convert("CMYK"), "JPEG", quality=95),
    "TIFF of JPEG": encoded(L, "TIFF", compression="jpeg", quality=95),
    "WebP lossy": encoded(L.convert("RGB"), "WEBP", quality=95),
}


@pytest.mark.parametrize(("name", "tolerance"), [*((n, 0.004) for n in EXACT), *((n, 0.05) for n in LOSSY)])
def test_formats_and_modes(name, tolerance, tmp_path):
    data = (EXACT | LOSSY)[name]
    path = tmp_path / "picture"
    path.write_bytes(data)
    picture = open_picture(path, name="picture")
    assert picture.grey.dtype == np.float32
    assert (picture.width, picture.height, picture.scale) == (40, 48, 1)
    assert np.abs(picture.grey - GREY / 255).max() < tolerance
    assert np.array_equal(grey_of(data), picture.grey)


def test_1_bit():
    bits = GREY > 127
    for format_ in ("PNG", "BMP", "TIFF"):
        assert np.array_equal(grey_of(encoded(Image.fromarray(bits), format_)), bits)


def test_lightness_of_colours_is_rec_601():
    colours = Image.fromarray(np.uint8([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]]))
    assert grey_of(encoded(colours, "PNG"))[0] == pytest.approx([0.299, 0.587, 0.114, 1], abs=0.004)


def test_floats_as_far_apart_as_can_be_stay_in_range(tmp_path):
    pixels = np.float32([[3e38, -3e38, np.inf, -np.inf, np.nan, 0]])
    Image.fromarray(pixels).save(tmp_path / "far.tif")
    grey = open_picture(tmp_path / "far.tif", name="far.tif").grey
    assert grey.dtype == np.float32
    np.testing.assert_allclose(grey[0], [1, 0, 0.5, 0.5, 0.5, 0.5], atol=1e-6)


def test_floats_that_are_no_numbers_are_black():
    odd = np.float32([[0, 0.5, 1], [np.nan, np.inf, -np.inf]])
    assert grey_of(encoded(Image.fromarray(odd), "TIFF")).tolist() == [[0, 0.5, 1], [0, 0, 0]]


def test_numbers_below_0_are_raised():
    assert grey_of(encoded(Image.fromarray(np.int32([[-100, 0, 155]])), "TIFF"))[0] == pytest.approx(
        [0, 100 / 255, 1], abs=1e-6
    )


STORED_AS = {  # orientation: how the upright picture lies in the file (EXIF 2.3, 4.6.4.A)
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).T,
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("orientation", STORED_AS)
@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_exif_orientation(orientation, format_):
    stored = Image.fromarray(np.ascontiguousarray(STORED_AS[orientation](GREY)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = open_picture(encoded(stored.convert("RGB"), format_, exif=exif, quality=95), name="test")
    assert (picture.width, picture.height) == (40, 48)
    assert np.abs(picture.grey - GREY / 255).max() < 0.05


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"])
def test_broken_exif_beside_whole_pixels_does_no_harm(exif, recwarn):
    assert np.array_equal(grey_of(encoded(L, "PNG", exif=exif)), GREY / np.float32(255))
    assert not recwarn.list


@pytest.mark.parametrize(("ink", "paper"), [(0, 1), (60, 1), (255, 0), (200, 0)])
def test_ink_on_transparency_is_laid_on_what_contrasts(drawing, ink, paper):
    expected = np.where(drawing, ink / 255, paper)
    image = with_alpha(ink, drawing)
    for data in (encoded(image, "PNG"), encoded(image.convert("RGBA"), "PNG"), encoded(image, "TIFF")):
        assert np.abs(grey_of(data) - expected).max() < 0.004


def test_ink_on_transparency_that_fills_most_of_a_tight_crop():
    bar = np.ones((50, 20))
    bar[:5, :8] = 0
    assert np.array_equal(grey_of(encoded(with_alpha(255, bar), "PNG")), bar)


@pytest.mark.parametrize("colour", [0, 255])
def test_colours_under_full_transparency_do_not_show(drawing, colour):
    pixels = np.full((*drawing.shape, 4), colour, np.uint8)
    pixels[..., 3] = 255 * drawing
    pixels[drawing == 0, :3] = 255 - colour
    assert set(np.unique(grey_of(encoded(Image.fromarray(pixels), "PNG")))) == {0, 1}


@pytest.mark.parametrize("format_", ["PNG", "GIF"])
def test_transparent_palette_entry(drawing, format_):
    image = Image.fromarray(np.uint8(drawing))
    image.putpalette([0, 0, 0, 255, 255, 255])
    grey = grey_of(encoded(image.convert("P"), format_, transparency=0))
    assert np.array_equal(grey, drawing)  # white ink, on black now
    grey = grey_of(encoded(image.convert("P"), format_, transparency=1))
    assert np.array_equal(grey, drawing)  # what is left is the black surroundings, on white


@pytest.mark.parametrize("image", [L, L.convert("RGB")])
def test_transparent_colour(image):
    level = int(GREY[0, 0])
    data = encoded(image, "PNG", transparency=level if image.mode == "L" else (level,) * 3)
    assert open_picture(data, name="test").grey[0, 0] != level / 255


@pytest.mark.parametrize("level", [0, 255])
def test_fully_transparent_is_a_blank_page(level):
    assert np.ptp(grey_of(encoded(with_alpha(level, np.zeros((9, 9))), "PNG"))) == 0


def test_an_opaque_page_with_transparent_corners_keeps_its_paper(drawing):
    page = np.full((*drawing.shape, 2), 230, np.uint8)
    page[drawing > 0, 0] = 30
    page[..., 1] = 255
    page[:9, :9, 1] = page[-9:, -9:, 1] = 0
    assert np.abs(grey_of(encoded(Image.fromarray(page), "PNG"))[:9, :9] - 230 / 255).max() < 0.004


@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
@pytest.mark.parametrize("size", [(2049, 800), (4032, 3024), (900, 6001)])
def test_large_pictures_are_reduced_and_boxes_map_back(format_, size):
    width, height = size
    drawn = Box(width // 3, height // 4, width // 3 + 400, height // 4 + 300)
    pixels = np.full((height, width), 255, np.uint8)
    drawn.cut(pixels)[:] = 0
    picture = open_picture(encoded(Image.fromarray(pixels), format_), name="test")
    assert (picture.width, picture.height) == size
    assert max(picture.grey.shape) <= 2048
    rows, columns = np.nonzero(picture.grey < 0.5)
    found = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    assert picture.in_pixels(found) == pytest.approx(drawn, abs=picture.scale)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_large_pictures_of_every_mode_are_reduced_alike(mode):
    grey = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 2500), np.uint8))
    expected = grey_of(encoded(grey, "PNG"))
    assert expected.shape == (30, 1250)
    np.testing.assert_allclose(grey_of(encoded(grey.convert(mode), "PNG")), expected, atol=1.01 / 255)


def test_boxes_stay_inside_a_picture_that_the_scale_does_not_divide():
    picture = open_picture(encoded(Image.new("L", (2049, 3)), "PNG"), name="test")
    height, width = picture.grey.shape
    assert picture.in_pixels(Box(0, 0, width, height)) == (0, 0, 2049, 3)


def test_a_thin_stroke_survives_reduction():
    pixels = np.full((3000, 6100), 255, np.uint8)
    pixels[:, 3000] = 0
    assert grey_of(encoded(Image.fromarray(pixels), "PNG"))[700].min() == pytest.approx(2 / 3, abs=0.01)


def test_a_jpeg_of_108_megapixels_is_decoded_small():
    picture = open_picture(encoded(Image.new("L", (12_000, 9_000)), "JPEG"), name="test")
    assert (picture.width, picture.height, picture.grey.shape) == (12_000, 9_000, (1125, 1500))


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header(width, height):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def several_scans(width, height, *, scans=3):
    """A JPEG that tells one colour after the other."""
    good = encoded(L.convert("RGB"), "JPEG")
    frame, scan = good.index(b"\xff\xc0"), good.index(b"\xff\xda")
    head = good[: frame + 5] + struct.pack(">HH", height, width) + good[frame + 9 : scan]
    each = [b"\xff\xda\0\x08\x01" + bytes([number % 3 + 1]) + b"\0\0\x3f\0" + bytes(40) for number in range(scans)]
    return head + b"".join(each) + b"\xff\xd9"


TIFF_LZW = EXACT["TIFF LZW"]
TIFF_RGB = encoded(L.convert("RGB"), "TIFF")
BROKEN = {
    "empty": (b"", "is empty (0 bytes)"),
    "one byte": (b"\x89", "not a picture"),
    "text": (b"These are my notes.\n", "not a picture (expected PNG, JPEG, BMP, GIF, WebP or TIFF)"),
    "page": (b"<!doctype html><title>404</title>", "not a picture"),
    "text that starts as a BMP does": (b"BM is what I say", "damaged or truncated BMP"),
    "huge": (png_header(50_000, 50_000), "x.png is too large: 50000 x 50000 pixels, expected at most 100 megapixels"),
    "300 megapixels of a byte": (
        b"GIF89a" + struct.pack("<HH", 20_000, 15_000) + EXACT["GIF"][10:],
        "20000 x 15000 pixels, expected at most 100 megapixels",
    ),
    "a strip": (png_header(1, 99_000_000), "x.png is too large: 1 x 99000000 pixels, expected at most"),
    "huge GIF": (b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + EXACT["GIF"][10:], "too large"),
    "a WebP of 36 megapixels": (
        encoded(Image.new("L", (6_000, 6_000)), "WebP", lossless=True, quality=0, method=0),
        "x.png is too large: 6000 x 6000 pixels, expected at most 25 megapixels",
    ),
    "a TIFF of 64 deep megapixels": (
        encoded(Image.new("F", (8_000, 8_000)), "TIFF", compression="tiff_adobe_deflate"),
        "x.png is too large: 8000 x 8000 pixels, expected at most 50 megapixels",
    ),
    "a JPEG of several scans": (several_scans(30_000, 30_000), "too large for a JPEG of several scans: 30000 x 30000"),
    "a JPEG of very many scans": (several_scans(4_000, 4_000, scans=50), "too large for a JPEG of several scans"),
    "header only": (EXACT["PNG grey"][:33], "damaged or truncated PNG"),
    "PNG, a byte changed": (EXACT["PNG grey"][:60] + b"\xff" + EXACT["PNG grey"][61:], "damaged or truncated PNG"),
    "TIFF, a tag's count": (TIFF_LZW.replace(b"\x02\x01\x03\x00\x01", b"\x02\x01\x03\x00\xff", 1), "TIFF"),
    "TIFF, strips nowhere": (TIFF_LZW[:8] + bytes(200) + TIFF_LZW[208:], "TIFF"),
    "TIFF, LZW codes": (TIFF_LZW[:8] + bytes([TIFF_LZW[8] ^ 0x55]) + TIFF_LZW[9:], "damaged or truncated TIFF"),
    "signature only": (b"II*\0", "damaged or truncated TIFF"),
} | {
    f"half a {name}": ((EXACT | LOSSY)[name][: len((EXACT | LOSSY)[name]) // 2], "damaged or truncated")
    for name in ("PNG grey", "PNG 16-bit", "JPEG", "JPEG progressive", "BMP", "GIF", "WebP", "TIFF", "TIFF LZW")
}


def message_of(source):
    with pytest.raises(PictureError) as caught:
        open_picture(source, name="x.png")
    message = str(caught.value)
    assert message.count("x.png") == 1
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_give_one_line_and_nothing_on_stderr(name, tmp_path, capfd):
    data, expected = BROKEN[name]
    path = tmp_path / "x.png"
    path.write_bytes(data)
    assert expected in message_of(path)
    assert expected in message_of(data)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on memory, and files with holes")
def test_what_memory_does_not_hold_is_told_or_not_read_at_all(tmp_path):
    path = tmp_path / "x.png"
    Image.new("L", (9_000, 9_000)).save(path)
    script = (
        "import resource, sys, pathlib; from mnistnet.vision.image_file import *\n"
        "held = int(pathlib.Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (held + 40_000_000,) * 2)\n"
        "try: open_picture(pathlib.Path(sys.argv[1]), name='x')\n"
        "except PictureError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert done.stdout == "there is not enough memory for x; make it smaller\n"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert "not a picture" in message_of(path)


def test_what_pillow_logs_stays_off_stderr(tmp_path):
    path = tmp_path / "x.tif"
    path.write_bytes(TIFF_RGB.replace(struct.pack("<HHIH", 277, 3, 1, 3), struct.pack("<HHIH", 277, 3, 1, 60_000)))
    assert path.read_bytes() != TIFF_RGB
    script = (
        "import sys, pathlib; from mnistnet.vision.image_file import *\n"
        "try: open_picture(pathlib.Path(sys.argv[1]), name='x')\n"
        "except PictureError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert "samples per pixel" in done.stdout
    assert done.stderr == ""


def test_stderr_works_after_a_broken_tiff(capfd):
    message_of(TIFF_LZW[: len(TIFF_LZW) // 2])
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"


def test_missing_file_and_folder(tmp_path):
    assert "No such file" in message_of(tmp_path / "x.png")
    assert "folder" in message_of(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root and Windows may read everything")
def test_no_permission(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(EXACT["PNG grey"])
    path.chmod(0)
    assert "Permission denied" in message_of(path)


@settings(deadline=None)
@given(st.sampled_from(sorted(EXACT | LOSSY)), st.data())
def test_any_damage_gives_a_picture_or_a_picture_error(name, data):
    bytes_ = bytearray((EXACT | LOSSY)[name])
    places = st.integers(0, min(len(bytes_), 300) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=4)):
        bytes_[place] = value
    cut = data.draw(st.integers(0, len(bytes_)))
    try:
        picture = open_picture(bytes(bytes_[:cut]), name="test")
    except PictureError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert picture.grey.min() >= 0
        assert picture.grey.max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_colours_are_those_of_the_upright_picture_as_large_as_its_grey(orientation):
    stored = Image.new("RGB", (4100, 60), (250, 240, 200))
    stored.paste((20, 30, 200), (0, 0, 1000, 30))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(stored, "JPEG", exif=exif, quality=95)
    colours, grey = open_colours(data, name="test"), open_picture(data, name="test").grey
    assert colours is not None
    assert (colours.height, colours.width) == grey.shape
    np.testing.assert_allclose(np.asarray(colours.convert("L"), float) / 255, grey, atol=0.03)
    blue = np.asarray(colours)[np.unravel_index(grey.argmin(), grey.shape)]
    np.testing.assert_allclose(blue, (20, 30, 200), atol=12)


@pytest.mark.parametrize("image", [Image.new("RGBA", (9, 9), (200, 0, 0, 100)), Image.new("I;16", (9, 9), 700)])
def test_what_is_partly_transparent_or_deep_is_shown_in_grey(image):
    assert open_colours(encoded(image, "PNG"), name="test") is None


def segment(marker, body):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


PNG, JPEG = EXACT["PNG grey"], encoded(L, "JPEG")
PROFILE = chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(900_000)))
EMPTY_GIF = b"GIF89a" + struct.pack("<2H3B", 28, 28, 0x80, 0, 0) + bytes(6)
TIRESOME = {
    "PNG of a million chunks": PNG[:33] + chunk(b"prVt", b"x") * 1_000_000 + PNG[33:],
    "PNG of a million empty pieces": PNG[:33] + chunk(b"IDAT", b"") * 1_000_000 + PNG[33:],
    "PNG of many profiles": PNG[:33] + PROFILE * 2_000 + PNG[33:],
    "JPEG of filling": JPEG[:2] + b"\xff" * 50_000_000 + JPEG[2:],
    "JPEG of comments": JPEG[:2] + segment(0xFE, b"x") * 3_000_000 + JPEG[2:],
    "JPEG of tables": JPEG[:2] + segment(0xDB, b"\0" + b"\1" * 64) * 1_000_000 + JPEG[2:],
    "JPEG of notes": JPEG[:2] + segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + bytes(60_000)) * 1_500 + JPEG[2:],
    "GIF of zeros": EMPTY_GIF + bytes(50_000_000),
    "GIF of extensions": EMPTY_GIF + b"\x21\xff\x0bNETSCAPE2.0\3\1\0\0\0" * 1_000_000,
}


@pytest.mark.parametrize("name", TIRESOME)
def test_what_would_take_a_decoder_long_is_refused_at_once(name):
    began = time.process_time()
    assert message_of(TIRESOME[name]).endswith("save it anew")
    assert time.process_time() - began < 2


def test_a_photo_with_notes_of_a_megabyte_is_read():
    notes = segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(60_000)) * 30
    assert open_picture(JPEG[:2] + notes + JPEG[2:], name="x.jpg").width == L.width


def test_a_png_in_many_pieces_is_read():
    head, pixels = PNG[:33], zlib.compress(b"".join(b"\0" + bytes(L.width) for _ in range(L.height)), 0)
    pieces = b"".join(chunk(b"IDAT", pixels[place : place + 1]) for place in range(len(pixels)))
    header = chunk(b"IHDR", struct.pack(">2I5B", *L.size, 8, 0, 0, 0, 0))
    assert open_picture(head[:8] + header + pieces + chunk(b"IEND", b""), name="x.png").width == L.width
